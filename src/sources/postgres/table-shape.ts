import { ConnectError } from '../../base/errors.ts';
import { ColumnKind } from '../../record/column-kind.ts';
import { nextRowSchemaId } from '../../record/row-schema.ts';
import type { Column, RowSchema } from '../../record/row-schema.ts';
import type { Schema } from '../../record/schema.ts';
import type { Shape } from '../../record/shape.ts';
import type { ColumnInfo, ReplicaIdentity, TableInfo, TypeCatalog } from './catalog.ts';
import { isCharacter, hideColumn, mappedNeutral, mappingOf, mappingParameters, takesMapping } from './column-mapper.ts';
import { defaultValue, isDefaultTold } from './default-value.ts';
import { buildEnvelope } from './envelope.ts';
import { missingValue } from './literal-value.ts';
import { adjustFieldName, adjustSchemaName } from '../../record/name-adjustment.ts';
import type { FormerNames } from './column-renames.ts';
import type { PostgresSettings } from './settings.ts';
import { declaredLength, lengthMax, sourceTypeName, sourceTypeParameters } from './source-type.ts';
import { keyColumns, tableKey } from './table-key.ts';
import { TableFilter } from './table-filter.ts';
import { mapType } from './type-map.ts';
import type { MappedType, RecordNames } from './type-map.ts';
import { topicName } from './topic-name.ts';
import { unavailableText } from './unavailable-text.ts';

/** A column as the server sends it, in tuple order. */
export interface WireColumn {
  readonly name: string;
  readonly typeOid: number;
  readonly typmod: number;
  /** Part of the replica identity. */
  readonly isKey: boolean;
}

export interface TableShapeInput {
  readonly schema: string;
  readonly table: string;
  readonly wireColumns: readonly WireColumn[];
  /** The replica identity that the description of the table came with; absent: the catalog is of the same moment. */
  readonly identity?: ReplicaIdentity;
  /** Null when the catalog no longer has the table: everything is optional then, and the identity is the key. */
  readonly info: TableInfo | null;
  readonly types: TypeCatalog;
  readonly settings: PostgresSettings;
  /** What columns were called before; absent: nobody knows of any. */
  readonly former?: FormerNames | undefined;
  /** Columns that have nulls whatever the catalog says. */
  readonly nullable?: ReadonlySet<string> | undefined;
}

export interface TableShape extends TableLayout {
  readonly shape: Shape;
}

/** What is left of it once the shape is declared, for as long as the table is known: a shape takes many times the room. */
export interface TableLayout {
  readonly rowSchema: RowSchema;
  /** Index in the server's tuple → index in `rowSchema.columns`; -1: not captured. */
  readonly columnOf: Int16Array;
  /** Indexes in `rowSchema.columns` of what the value shows. */
  readonly captured: Uint16Array;
  /** By column: its field's name as a JSON string. */
  readonly names: readonly Uint8Array[];
}

/**
 * Columns of `rowSchema` are those of the value plus those that identify a row and that the value leaves out, in table
 * order.
 * Throws `data.shape` when the table cannot be expressed, `config.invalid` when a mode does not fit one of its columns.
 */
export function buildTableShape(input: TableShapeInput): TableShape {
  const { schema, table, wireColumns, settings } = input;
  refuseCaseTwins(input);
  const infos = matchColumns(wireColumns, input.info);
  const keyIndexes = tableKey(input, infos);
  const filter = new TableFilter(settings);
  const identity = input.info === null ? [] : keyColumns(input.info);
  const columns: Column[] = [];
  const masks: (string | null)[] = [];
  const valueSchemas: Schema[] = [];
  const captured: number[] = [];
  const columnOf = new Int16Array(wireColumns.length).fill(-1);
  for (const [index, wire] of wireColumns.entries()) {
    const isKey = keyIndexes.includes(index);
    const isValue = filter.acceptsColumn(schema, table, wire.name) && !wasExcluded(input, wire.name);
    // Columns that tell rows apart are read even when no record shows them: the snapshot's order depends on them.
    const isIdentity = identity.includes(infos[index]?.name ?? '');
    if (!isKey && !isValue && !isIdentity) continue;
    const column = buildColumn(input, wire, infos[index] ?? null, isKey, isKey || isIdentity);
    if (column === null) continue;
    columnOf[index] = columns.length;
    if (isValue) captured.push(columns.length);
    const mapped = applyMapping(input, wire, column);
    if (isKey && mapped.mask !== null && settings.dialect === 'millrace') throw maskedKey(input, wire.name);
    columns.push(mapped.column);
    masks.push(mapped.mask);
    valueSchemas.push(mapped.valueSchema);
  }
  const fieldNames = columns.map((column) => adjustFieldName(column.name, settings.records.fieldNames));
  refuseNameClashes(input, columns, fieldNames);
  addAliases(input, columns, valueSchemas, fieldNames);
  const key = Uint16Array.from(keyIndexes, (index) => columnOf[index] as number);
  const name = `${settings.topicPrefix}.${schema}.${table}`;
  const visible = captured.filter((index) => masks[index] === null && columns[index]?.rewrite?.kind !== 'hash');
  const rowSchema: RowSchema = { id: nextRowSchemaId(), name, columns, key, visible: Uint16Array.from(visible) };
  const shape = buildEnvelope({ schema, table, settings, rowSchema, captured, fieldNames, valueSchemas, masks });
  return {
    rowSchema,
    shape,
    columnOf,
    captured: Uint16Array.from(captured),
    names: jsonNames(fieldNames),
  };
}

/** In one piece of their own: each would keep a page of Node's shared pool for as long as the table is known. */
function jsonNames(names: readonly string[]): Uint8Array[] {
  const texts = names.map((name) => Buffer.from(JSON.stringify(name)));
  const all = Uint8Array.from(Buffer.concat(texts));
  let at = 0;
  return texts.map((text) => all.subarray(at, (at += text.length)));
}

/** What must not be shown is not shown under a new name either. */
function wasExcluded({ schema, table, settings, former }: TableShapeInput, name: string): boolean {
  const { excludes } = settings.tables.columns;
  return (former?.get(name) ?? []).some((old) => excludes.some((pattern) => pattern.test(`${schema}.${table}.${old}`)));
}

/** Readers with this schema find the column in records from before it was renamed. */
function addAliases({ former, settings }: TableShapeInput, columns: Column[], valueSchemas: Schema[], fieldNames: readonly string[]): void {
  for (const [index, column] of columns.entries()) {
    const olds = (former?.get(column.name) ?? []).map((name) => adjustFieldName(name, settings.records.fieldNames));
    const aliases = olds.filter((name) => !fieldNames.includes(name));
    if (aliases.length === 0) continue;
    columns[index] = { ...column, schema: { ...column.schema, aliases } };
    valueSchemas[index] = { ...(valueSchemas[index] ?? column.schema), aliases };
  }
}

/**
 * The catalog's column for each column on the wire: by name, or by place for columns renamed since, as long as as many
 * columns are there. Null: dropped since, or added by a change the catalog does not show yet.
 */
function matchColumns(wireColumns: readonly WireColumn[], info: TableInfo | null): (ColumnInfo | null)[] {
  if (info === null) return wireColumns.map(() => null);
  const byName = new Map(info.columns.map((column) => [column.name, column]));
  const candidates = [info.columns, info.columns.filter((column) => column.generated === '')];
  const byPlace = candidates.find((columns) => columns.length === wireColumns.length);
  return wireColumns.map((wire, index) => {
    const placed = byPlace?.[index];
    return (
      byName.get(wire.name) ??
      (placed !== undefined && placed.typeOid === wire.typeOid && !wireColumns.some((other) => other.name === placed.name) ? placed : null)
    );
  });
}

function buildColumn(input: TableShapeInput, wire: WireColumn, info: ColumnInfo | null, isKey: boolean, needed: boolean): Column | null {
  const { settings } = input;
  const mapped = mapColumn(input, wire);
  if (mapped === null) {
    if (!needed) return null;
    throw shapeError(
      input,
      `the key column "${wire.name}" is of a type that has no form in a record`,
      'Choose other key columns by "message.key.columns", or use the connector class millrace.PostgresSource.',
    );
  }
  const notNull = info !== null && info.notNull && input.nullable?.has(wire.name) !== true;
  // A default belongs to the type that the catalog shows now; under another type its text means something else.
  const isTold = settings.dialect !== 'debezium' || isDefaultTold(wire.typeOid, mapped);
  const byDefault =
    !isTold || info === null || info.typeOid !== wire.typeOid ? undefined : defaultValue(info.defaultExpression, mapped, notNull);
  const schema: Schema = { ...mapped.schema, optional: !notNull || mapped.schema.optional };
  return {
    ...toColumn(wire.name, mapped, byDefault === undefined ? schema : { ...schema, default: byDefault }),
    // Never for a key (invariant 5): a made-up key stands for another row downstream.
    neutral: notNull && !isKey ? (byDefault ?? missingValue(mapped)) : undefined,
    unavailable: isKey ? undefined : unavailableText(mapped, settings.types.unavailablePlaceholder),
  };
}

function toColumn(name: string, mapped: MappedType, schema: Schema): Column {
  const { kind, scale, rewrite, element: inner } = mapped;
  const fields = mapped.fields?.map((each, at) => toColumn(schema.fields?.[at]?.name ?? '', each, each.schema));
  const innerSchema = kind === ColumnKind.REWRITTEN ? schema : inner?.schema;
  const element = inner === undefined ? undefined : toColumn(name, inner, innerSchema ?? inner.schema);
  return { name, kind, schema, scale, element, rewrite, fields };
}

interface MappedColumn {
  readonly column: Column;
  readonly mask: string | null;
  readonly valueSchema: Schema;
}

/** Masks, hashes, truncation and propagated types: of a column at most one, and what hides a value goes first. */
function applyMapping(input: TableShapeInput, wire: WireColumn, column: Column): MappedColumn {
  const { schema, table, types, settings } = input;
  // A column that is to be hidden stays hidden under its new name.
  const names = [wire.name, ...(input.former?.get(wire.name) ?? [])];
  const mapping = names.map((name) => mappingOf(settings.tables.mappers, schema, table, name)).find((found) => found !== null) ?? null;
  // What cannot be longer is not cut, and its schema does not say so.
  if (mapping === null || (mapping.kind === 'truncate' && lengthMax(wire.typeOid, wire.typmod, types) <= mapping.units)) {
    const parameters = propagates(input, wire) ? sourceTypeParameters(wire.name, wire.typeOid, wire.typmod, types) : {};
    return { column, mask: null, valueSchema: withParameters(column.schema, parameters) };
  }
  const valueSchema = withParameters(column.schema, mappingParameters(mapping));
  if (!takesMapping(mapping, column, isCharacter(column, wire.typeOid, types))) {
    if (settings.dialect === 'debezium') return { column, mask: null, valueSchema };
    const remedy = 'Leave the column out by "column.exclude.list", or take it out of the list of columns to mask, hash or truncate.';
    throw shapeError(input, `the column "${wire.name}" is not text, so it cannot be masked, hashed or truncated`, remedy);
  }
  if (mapping.kind === 'mask') return { column, mask: mapping.text, valueSchema };
  const hidden = hideColumn(column, mapping, declaredLength(wire.typeOid, wire.typmod, types));
  return { column: { ...hidden, neutral: mappedNeutral(hidden) }, mask: null, valueSchema };
}

function propagates({ schema, table, types, settings }: TableShapeInput, wire: WireColumn): boolean {
  const { sourceTypesOf, sourceTypes } = settings.tables;
  if (sourceTypesOf.some((pattern) => pattern.test(`${schema}.${table}.${wire.name}`))) return true;
  const type = `${schema}.${table}.${sourceTypeName(wire.typeOid, types)}`;
  return sourceTypes.some((pattern) => pattern.test(type) || pattern.test(`${settings.connection.database}.${type}`));
}

function withParameters(schema: Schema, parameters: Readonly<Record<string, string>>): Schema {
  return Object.keys(parameters).length === 0 ? schema : { ...schema, parameters: { ...schema.parameters, ...parameters } };
}

function mapColumn(input: TableShapeInput, wire: WireColumn): MappedType | null {
  const { types, settings } = input;
  const column = `${input.schema}.${input.table}.${wire.name}`;
  const arrays = settings.types.arrayStructs.some((pattern) => pattern.test(column)) ? 'struct' : settings.types.arrays;
  const names: RecordNames = {
    record: (schema, type) =>
      adjustSchemaName(topicName('underscore', [settings.topicPrefix, schema, type].join('.')), settings.records.schemaNames),
    field: (name) => adjustFieldName(name, settings.records.fieldNames),
  };
  try {
    return mapType(wire.typeOid, wire.typmod, { types, settings: settings.types, dialect: settings.dialect, arrays, names });
  } catch (error) {
    if (!(error instanceof ConnectError)) throw error;
    throw new ConnectError(error.code, `Column "${wire.name}" of table ${input.schema}.${input.table}: ${error.message}.`, {
      ...(error.remedy === null ? {} : { remedy: error.remedy }),
      details: { table: `${input.schema}.${input.table}`, column: wire.name },
    });
  }
}

function refuseCaseTwins(input: TableShapeInput): void {
  const seen = new Map<string, string>();
  for (const { name } of input.wireColumns) {
    const twin = seen.get(name.toLowerCase());
    if (twin !== undefined) {
      throw shapeError(
        input,
        `the columns "${twin}" and "${name}" differ in letter case only`,
        'Rename one of them, or leave the table out by "table.exclude.list".',
      );
    }
    seen.set(name.toLowerCase(), name);
  }
}

function refuseNameClashes(input: TableShapeInput, columns: readonly Column[], fieldNames: readonly string[]): void {
  const seen = new Map<string, string>();
  for (const [index, fieldName] of fieldNames.entries()) {
    const name = columns[index]?.name ?? '';
    const other = seen.get(fieldName);
    if (other !== undefined) {
      throw shapeError(
        input,
        `the columns "${other}" and "${name}" both become the field "${fieldName}"`,
        'Set "field.name.adjustment.mode" to "avro_unicode", or leave one of the columns out.',
      );
    }
    seen.set(fieldName, name);
  }
}

function maskedKey(input: TableShapeInput, column: string): ConnectError {
  return shapeError(
    input,
    `the key column "${column}" cannot be masked, because all rows would have one key`,
    'Hash it by "column.mask.hash.v2.SHA-256.with.salt.<salt>", or choose other key columns by "message.key.columns".',
  );
}

function shapeError(input: TableShapeInput, reason: string, remedy: string): ConnectError {
  const table = `${input.schema}.${input.table}`;
  return new ConnectError('data.shape', `Table ${table} cannot be captured: ${reason}.`, { remedy, details: { table } });
}
