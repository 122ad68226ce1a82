import { ConnectError } from '../base/errors.ts';
import { adjustSchemaName } from '../record/name-adjustment.ts';
import type { NameAdjustment } from '../record/name-adjustment.ts';
import type { Schema } from '../record/schema.ts';
import type { EncodedNode, FieldNode, Node, StructNode } from '../record/shape.ts';
import { structNode } from '../record/struct-node.ts';
import { writeIsoMillis } from '../text/text-iso-time.ts';
import { ByteRegister } from '../text/value-register.ts';
import { constantText, joinedText, leafText } from './leaf-text.ts';
import type { LeafText } from './leaf-text.ts';
import { fieldOf } from './record-metadata.ts';
import type { RecordMetadata } from './record-metadata.ts';

const connectorType = 'postgresql';
const text: Schema = { type: 'string', optional: false };

export interface EventOptions {
  /** Null: `<name>.<db>.CloudEvents.Envelope`. */
  readonly schemaName: string | null;
  readonly schemaNames: NameAdjustment;
  /** Operation, source block and transaction as attributes of the event. */
  readonly extensions: boolean;
  readonly tracing: boolean;
}

export interface EventData {
  readonly contentType: 'application/json' | 'application/avro';
  /** Where the schema of the data is; null: no such attribute. */
  readonly schemaUri: string | null;
  readonly node: Node;
}

/** The data of an event: a struct of those fields of the value. */
export function dataNode({ data, dataSchemaName }: RecordMetadata): StructNode {
  return structNode(dataSchemaName ?? `io.debezium.connector.${connectorType}.Data`, null, data);
}

/**
 * A CloudEvent (version 1.0 of the specification) as Debezium's converter lays it out: attributes in its order, then the
 * data. Throws `data.shape` where the record lacks something that an event needs.
 */
export function eventNode(metadata: RecordMetadata, data: EventData, options: EventOptions): StructNode {
  const { source } = metadata;
  const of = (name: string): Node => fieldOf(source, name) ?? missing(`no field "${name}" in its source block`);
  if (constantOf(of('connector')) !== connectorType) missing('another connector than Postgres in its source block');
  const name = constantOf(of('name'));
  const leaf = (field: string): LeafText => leafText(of(field), 'null');
  const id = encoded(
    joinedText([
      constantText(`name:${name};lsn:`),
      leaf('lsn'),
      constantText(';txId:'),
      leaf('txId'),
      constantText(';sequence:'),
      leaf('sequence'),
    ]),
  );
  const type = constant(`io.debezium.connector.${connectorType}.DataChangeEvent`);
  const fields: FieldNode[] = [
    { name: 'id', node: metadata.id ?? id },
    { name: 'source', node: constant(`/debezium/${connectorType}/${name}`) },
    { name: 'specversion', node: constant('1.0') },
    { name: 'type', node: metadata.type ?? type },
    { name: 'time', node: encoded(isoTime(of('ts_ms'))) },
    { name: 'datacontenttype', node: constant(data.contentType) },
  ];
  if (data.schemaUri !== null) fields.push({ name: 'dataschema', node: constant(data.schemaUri) });
  if (options.tracing) fields.push({ name: 'traceparent', node: metadata.traceparent ?? missing('no header "traceparent"') });
  if (options.extensions) fields.push(...extensions(metadata));
  fields.push({ name: 'data', node: data.node });
  const schemaName = options.schemaName ?? `${name}.${constantOf(of('db'))}.CloudEvents.Envelope`;
  return structNode(adjustSchemaName(schemaName, options.schemaNames), null, fields);
}

function extensions({ op, source, transaction }: RecordMetadata): FieldNode[] {
  const block = source.fields.map(({ name, node }) => ({ name: extensionName(name), node: extension(node, node.schema.optional) }));
  const parts = ['id', 'total_order', 'data_collection_order'].map((name) => {
    const node = transaction === null ? null : fieldOf(transaction, name);
    return { name: extensionName(`tx${name}`), node: node === null ? nothing : extension(node, true) };
  });
  return [{ name: extensionName('op'), node: op }, ...block, ...parts];
}

const nothing: Node = { kind: 'constant', schema: { type: 'string', optional: true }, value: null };

/** Letters and digits only, as attributes of events have to be named. */
export function extensionName(field: string): string {
  return `iodebezium${field.replaceAll(/[^A-Za-z0-9]/g, '')}`;
}

/** Integers of 64 bits are texts, since events have none; what has a default is never null. */
function extension(node: Node, optional: boolean): Node {
  const { type, default: byDefault } = node.schema;
  if (node.kind === 'constant') {
    if (node.value === null && optional) return nothing;
    return { kind: 'constant', schema: { type: 'string', optional }, value: String(node.value) };
  }
  if (node.kind !== 'register' || (type !== 'string' && type !== 'int64')) return missing(`a field of type ${type} in its source block`);
  const canBeNull = optional && (byDefault === undefined || byDefault === null);
  return {
    kind: 'encoded',
    schema: { type: 'string', optional },
    encoder: { encode: leafText(node, '') },
    presenceRegister: canBeNull ? node.register : undefined,
  };
}

/** Milliseconds since 1970 as `2026-11-23T10:00:00.123Z`. */
function isoTime(node: Node): LeafText {
  if (node.kind !== 'register' || node.holds !== 'int64') return missing('a time in its source block that is not milliseconds');
  const { register } = node;
  const into = new ByteRegister();
  return ({ registers }, out) => {
    const millis = (registers.high[register] as number) * 0x1_0000_0000 + ((registers.low[register] as number) >>> 0);
    writeIsoMillis(millis, into);
    out.copy(into.bytes, 0, into.length);
  };
}

function encoded(encode: LeafText): EncodedNode {
  return { kind: 'encoded', schema: text, encoder: { encode } };
}

function constant(value: string): Node {
  return { kind: 'constant', schema: text, value };
}

function constantOf(node: Node): string {
  return node.kind === 'constant' ? String(node.value) : missing('a source block whose name, database or connector vary');
}

function missing(what: string): never {
  throw new ConnectError('data.shape', `A record cannot become a CloudEvent: it has ${what}.`, {
    remedy: 'Take away the transform that changes its source block or its headers, or choose another converter.',
  });
}
