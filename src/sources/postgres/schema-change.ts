import type { Column, RowSchema } from '../../record/row-schema.ts';
import type { Schema } from '../../record/schema.ts';

const namedMax = 8;

/** What a person would say has changed between two forms of a table, without any value: `column "b": int32 is now int64`. */
export function describeSchemaChange(before: RowSchema, now: RowSchema): string {
  const old = new Map(before.columns.map((column) => [column.name, column]));
  const added = now.columns.filter(({ name }) => !old.has(name)).map((column) => `column "${column.name}" (${typeText(column)}) was added`);
  const names = new Set(now.columns.map(({ name }) => name));
  const dropped = before.columns.filter(({ name }) => !names.has(name)).map(({ name }) => `column "${name}" was dropped`);
  const changed = now.columns.flatMap((column) => {
    const was = old.get(column.name);
    if (was === undefined || typeText(was) === typeText(column)) return [];
    return `column "${column.name}": ${typeText(was)} is now ${typeText(column)}`;
  });
  const [oldKey, key] = [keyText(before), keyText(now)];
  const ofKey = oldKey === key ? [] : [`the key was (${oldKey}) and is now (${key})`];
  const all = [...ofKey, ...added, ...dropped, ...changed];
  const more = all.length > namedMax ? ` and ${all.length - namedMax} more changes` : '';
  return all.slice(0, namedMax).join(', ') + more;
}

function keyText({ columns, key }: RowSchema): string {
  return [...key].map((index) => columns[index]?.name).join(', ');
}

function typeText({ schema }: Column): string {
  return `${nameOf(schema)}, ${schema.optional ? 'optional' : 'required'}${schema.default === undefined ? '' : ' with a default'}`;
}

function nameOf({ name, type, items }: Schema): string {
  return items === undefined ? (name ?? type) : `array of ${nameOf(items)}`;
}
