import { Op, TupleRef } from '../../record/change.ts';
import type { RowSchema } from '../../record/row-schema.ts';
import type { Field, LiteralValue, Schema } from '../../record/schema.ts';
import type { ConstantNode, FieldNode, HeaderNode, Node, Shape, StructNode } from '../../record/shape.ts';
import { adjustSchemaName } from '../../record/name-adjustment.ts';
import { SourceRegister } from './registers.ts';
import { postgresSourceNames } from './class-names.ts';
import type { PostgresSettings } from './settings.ts';
import { structNode } from '../../record/struct-node.ts';

export interface EnvelopeInput {
  readonly schema: string;
  readonly table: string;
  readonly settings: PostgresSettings;
  readonly rowSchema: RowSchema;
  /** Indexes of the row's columns that are part of the value. */
  readonly captured: readonly number[];
  /** By column. */
  readonly fieldNames: readonly string[];
  /** By column: the schemas of the value's fields; those of the key are the columns' own. */
  readonly valueSchemas: readonly Schema[];
  /** By column: what is written whatever the value is; null: the value. */
  readonly masks: readonly (string | null)[];
}

/** Debezium's record of a table: `before`, `after`, `source`, `transaction`, `op` and three times. */
export function buildEnvelope(input: EnvelopeInput): Shape {
  const { schema, table, settings, rowSchema } = input;
  const { topics, schemaNames } = settings.records;
  const topic = topics.table(schema, table);
  const columnSchemas = rowSchema.columns.map((column) => column.schema);
  const valueSchema = rowStruct(input, input.valueSchemas, input.captured, adjustSchemaName(`${topic}.Value`, schemaNames), true);
  const keySchema = withTable(
    input,
    rowStruct(input, columnSchemas, [...rowSchema.key], adjustSchemaName(`${topic}.Key`, schemaNames), false),
  );
  const keyOf = (tuple: TupleRef): StructNode => keyNode(input, keySchema, tuple);
  const isKeyless = keySchema.fields?.length === 0;
  const fields: FieldNode[] = [
    { name: 'before', node: rowNode(input, valueSchema, input.captured, TupleRef.BEFORE, TupleRef.BEFORE) },
    { name: 'after', node: rowNode(input, valueSchema, input.captured, TupleRef.AFTER, TupleRef.AFTER) },
    { name: 'source', node: buildSource(settings, schema, table) },
    { name: 'transaction', node: buildTransaction(settings) },
    { name: 'op', node: { kind: 'op', schema: { type: 'string', optional: false } } },
    { name: 'ts_ms', node: register(SourceRegister.TS_MS, optionalLong) },
    { name: 'ts_us', node: register(SourceRegister.TS_US, optionalLong) },
    { name: 'ts_ns', node: register(SourceRegister.TS_NS, optionalLong) },
  ];
  return {
    topic,
    key: isKeyless ? null : keyOf(TupleRef.ROW),
    value: structNode(adjustSchemaName(`${topic}.Envelope`, schemaNames), 2, fields),
    headers: [...(isKeyless ? [] : keyHeaders(keyOf(TupleRef.RELATED))), ...unavailableHeader(settings), ...contextHeaders(settings)],
    schema: rowSchema,
  };
}

const optionalLong: Schema = { type: 'int64', optional: true };
const long: Schema = { type: 'int64', optional: false };
const text: Schema = { type: 'string', optional: false };
const optionalText: Schema = { type: 'string', optional: true };

const snapshotSchema: Schema = {
  type: 'string',
  optional: true,
  name: 'io.debezium.data.Enum',
  version: 1,
  parameters: { allowed: 'true,first,first_in_data_collection,last_in_data_collection,last,false,incremental' },
  default: 'false',
};

const transactionSchema: Schema = {
  type: 'struct',
  optional: true,
  name: 'event.block',
  version: 1,
  fields: [
    { name: 'id', schema: text },
    { name: 'total_order', schema: long },
    { name: 'data_collection_order', schema: long },
  ],
};

/** Where a record stands in its transaction: null in snapshots, outside transactions, and unless they are recorded. */
export function buildTransaction(settings: PostgresSettings): Node {
  if (!settings.records.transactions) return constant(transactionSchema, null);
  return {
    kind: 'struct',
    schema: transactionSchema,
    fields: [
      { name: 'id', node: register(SourceRegister.TRANSACTION_ID, text) },
      { name: 'total_order', node: register(SourceRegister.TOTAL_ORDER, long) },
      { name: 'data_collection_order', node: register(SourceRegister.COLLECTION_ORDER, long) },
    ],
    presence: null,
    presenceRegister: SourceRegister.TRANSACTION_ID,
  };
}

/** `source` of a record; a message has neither schema nor table. */
export function buildSource(settings: PostgresSettings, schema: string, table: string): StructNode {
  const fields: FieldNode[] = [
    { name: 'version', node: constant(text, postgresSourceNames.version) },
    { name: 'connector', node: constant(text, 'postgresql') },
    { name: 'name', node: constant(text, settings.topicPrefix) },
    { name: 'ts_ms', node: register(SourceRegister.SOURCE_TS_MS, long) },
    { name: 'snapshot', node: register(SourceRegister.SNAPSHOT, snapshotSchema) },
    { name: 'db', node: constant(text, settings.connection.database) },
    { name: 'sequence', node: register(SourceRegister.SEQUENCE, optionalText) },
    { name: 'ts_us', node: register(SourceRegister.SOURCE_TS_US, optionalLong) },
    { name: 'ts_ns', node: register(SourceRegister.SOURCE_TS_NS, optionalLong) },
    { name: 'schema', node: constant(text, schema) },
    { name: 'table', node: constant(text, table) },
    { name: 'txId', node: register(SourceRegister.TX_ID, optionalLong) },
    { name: 'lsn', node: register(SourceRegister.LSN, optionalLong) },
    { name: 'xmin', node: register(SourceRegister.XMIN, optionalLong) },
    { name: 'origin', node: register(SourceRegister.ORIGIN, optionalText) },
    { name: 'origin_lsn', node: register(SourceRegister.ORIGIN_LSN, optionalLong) },
  ];
  return structNode('io.debezium.connector.postgresql.Source', 1, fields);
}

function rowStruct(input: EnvelopeInput, schemas: readonly Schema[], columns: readonly number[], name: string, optional: boolean): Schema {
  const fields = columns.map((index): Field => ({ name: input.fieldNames[index] ?? '', schema: schemas[index] ?? text }));
  return { type: 'struct', optional, name, fields };
}

function rowNode(
  { masks }: EnvelopeInput,
  schema: Schema,
  columns: readonly number[],
  tuple: TupleRef,
  presence: TupleRef | null,
): StructNode {
  const fields = (schema.fields ?? []).map((field, at): FieldNode => {
    const column = columns[at] ?? 0;
    const mask = masks[column] ?? null;
    if (mask !== null) return { name: field.name, node: constant(field.schema, mask) };
    return { name: field.name, node: { kind: 'column', schema: field.schema, tuple, column } };
  });
  return { kind: 'struct', schema, fields, presence };
}

/** Keys of several tables on one topic are told apart by a field more. */
function withTable({ settings }: EnvelopeInput, key: Schema): Schema {
  const { tableField } = settings.records.topics;
  return tableField === null ? key : { ...key, fields: [...(key.fields ?? []), { name: tableField.name, schema: text }] };
}

/** Debezium neither masks nor hashes keys: what stands in them decides about partitions and compaction. */
function keyNode({ rowSchema, settings, ...table }: EnvelopeInput, schema: Schema, tuple: TupleRef): StructNode {
  const raw = settings.dialect === 'debezium';
  const { tableField } = settings.records.topics;
  const fields = (schema.fields ?? []).map((field, at): FieldNode => {
    if (tableField !== null && at === rowSchema.key.length) {
      return { name: field.name, node: constant(field.schema, tableField.value(table.schema, table.table)) };
    }
    return { name: field.name, node: { kind: 'column', schema: field.schema, tuple, column: rowSchema.key[at] ?? 0, raw } };
  });
  return { kind: 'struct', schema, fields, presence: null };
}

function register(index: SourceRegister, schema: Schema): Node {
  return { kind: 'register', schema, register: index, holds: schema.type === 'string' ? 'text' : 'int64' };
}

function constant(schema: Schema, value: LiteralValue): ConstantNode {
  return { kind: 'constant', schema, value };
}

/** A key change is a delete under the old key and a create under the new one; each tells the other key. */
function keyHeaders(related: StructNode): HeaderNode[] {
  return [
    { name: '__debezium.newkey', node: related, ops: [Op.DELETE, Op.TOMBSTONE], presence: TupleRef.RELATED },
    { name: '__debezium.oldkey', node: related, ops: [Op.CREATE], presence: TupleRef.RELATED },
  ];
}

function unavailableHeader({ records }: PostgresSettings): HeaderNode[] {
  if (records.unavailableHeader === null || records.unavailableHeader === '') return [];
  const node = register(SourceRegister.UNAVAILABLE, text);
  const ops = [Op.CREATE, Op.UPDATE];
  return [{ name: records.unavailableHeader, node, ops, presence: null, presenceRegister: SourceRegister.UNAVAILABLE }];
}

function contextHeaders(settings: PostgresSettings): HeaderNode[] {
  if (!settings.records.contextHeaders) return [];
  return [
    contextHeader('connectorLogicalName', settings.topicPrefix),
    contextHeader('taskId', '0'),
    contextHeader('connectorName', 'postgresql'),
  ];
}

function contextHeader(name: string, value: string): HeaderNode {
  return { name: `__debezium.context.${name}`, node: constant(text, value), ops: null, presence: null };
}
