import { ConnectError } from '../../base/errors.ts';
import type { Field, Schema } from '../../record/schema.ts';

/** One table and the statements that write into it. Parameter 1 is a JSON array of values, or of keys for a delete. */
export interface TablePlan {
  readonly name: string;
  readonly create: readonly string[];
  readonly insert: string;
  /** Null: rows have no key and can only be added. */
  readonly remove: string | null;
}

/** How a column is kept, and how its value is taken out of the JSON `j`. */
interface SqlColumn {
  readonly name: string;
  readonly type: string;
  readonly value: string;
}

/**
 * The table for a topic: `shop.orders` is table `orders` in schema `shop`, a topic without a dot a table in `public`. A
 * key that is a record becomes the primary key, and a row with a known key replaces the one that is there. Throws
 * `data.shape`.
 */
export function planTable(topic: string, key: Schema | null, value: Schema): TablePlan {
  if (value.type !== 'struct' || value.fields === undefined) {
    throw new ConnectError('data.shape', `The values of "${topic}" are no records, so they have no columns.`, {
      remedy: 'Write records with fields: for a CSV file leave value.form at "record".',
    });
  }
  const dot = topic.lastIndexOf('.');
  const schema = dot < 0 ? 'public' : topic.slice(0, dot);
  const name = `${quoted(schema)}.${quoted(topic.slice(dot + 1))}`;
  const columns = value.fields.map(columnOf);
  const keys = key?.type === 'struct' ? (key.fields ?? []).map(columnOf) : [];
  const missing = keys.find((each) => !columns.some((column) => column.name === each.name));
  if (missing !== undefined) {
    throw new ConnectError('data.shape', `The key of "${topic}" has the field ${missing.name}, which the value has not.`, {
      remedy: 'Name fields of the key as in the value.',
    });
  }
  const definitions = columns.map((column, at) => {
    return `${column.name} ${column.type}${value.fields?.[at]?.schema.optional === false ? ' NOT NULL' : ''}`;
  });
  definitions.push(
    keys.length > 0
      ? `PRIMARY KEY (${namesOf(keys)})`
      : // Rows without a key of their own are still to be told apart by whoever captures the table.
        'millrace_row bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY',
  );
  const others = columns.filter((column) => !keys.some((each) => each.name === column.name));
  const update = others.map((column) => `${column.name} = EXCLUDED.${column.name}`).join(', ');
  const conflict = keys.length === 0 ? '' : ` ON CONFLICT (${namesOf(keys)}) DO ${update === '' ? 'NOTHING' : `UPDATE SET ${update}`}`;
  const rows = 'FROM json_array_elements($1::json) AS r(j)';
  return {
    name,
    create: [`CREATE SCHEMA IF NOT EXISTS ${quoted(schema)}`, `CREATE TABLE IF NOT EXISTS ${name} (${definitions.join(', ')})`],
    insert: `INSERT INTO ${name} (${namesOf(columns)}) SELECT ${valuesOf(columns)} ${rows}${conflict}`,
    remove: keys.length === 0 ? null : `DELETE FROM ${name} WHERE (${namesOf(keys)}) IN (SELECT ${valuesOf(keys)} ${rows})`,
  };
}

const namesOf = (columns: readonly SqlColumn[]): string => columns.map((column) => column.name).join(', ');
const valuesOf = (columns: readonly SqlColumn[]): string => columns.map((column) => column.value).join(', ');

function columnOf({ name, schema }: Field): SqlColumn {
  const text = `(j->>${literal(name)})`;
  const [type, value] = typeOf(schema, text, `(j->${literal(name)})`);
  return { name: quoted(name), type, value };
}

function typeOf(schema: Schema, text: string, json: string): readonly [type: string, value: string] {
  switch (schema.name ?? '') {
    case 'org.apache.kafka.connect.data.Timestamp':
      return ['timestamptz', `timestamptz '1970-01-01 00:00:00Z' + ${text}::bigint * interval '1 millisecond'`];
    case 'org.apache.kafka.connect.data.Date':
      return ['date', `date '1970-01-01' + ${text}::integer`];
    case 'org.apache.kafka.connect.data.Time':
      return ['time', `time '00:00:00' + ${text}::bigint * interval '1 millisecond'`];
    case 'org.apache.kafka.connect.data.Decimal': {
      const { scale = '0', 'connect.decimal.precision': precision } = schema.parameters ?? {};
      return [precision === undefined ? 'numeric' : `numeric(${precision},${scale})`, `${text}::numeric`];
    }
    default: {
      const type = plain[schema.type];
      if (type === undefined) return ['jsonb', `${json}::jsonb`];
      return type === 'bytea' ? [type, `decode(${text}, 'base64')`] : [type, type === 'text' ? text : `${text}::${type}`];
    }
  }
}

const plain: Readonly<Record<string, string>> = {
  int8: 'smallint',
  int16: 'smallint',
  int32: 'integer',
  int64: 'bigint',
  float32: 'real',
  float64: 'double precision',
  boolean: 'boolean',
  string: 'text',
  bytes: 'bytea',
};

function quoted(name: string): string {
  return `"${name.replaceAll('"', '""')}"`;
}

function literal(text: string): string {
  return `'${text.replaceAll("'", "''")}'`;
}
