import { ConnectError } from '../base/errors.ts';
import type { ConverterContext } from '../connect/converter.ts';
import type { FieldNode, HeaderNode, Node, StructNode } from '../record/shape.ts';
import type { MetadataSource } from './metadata-source.ts';

/** What an event says of its record, found in the value or in headers. */
export interface RecordMetadata {
  readonly source: StructNode;
  readonly op: Node;
  /** Null: the record knows of none. */
  readonly transaction: StructNode | null;
  /** From headers; null where they are to be made, or where there is none of the name. */
  readonly id: Node | null;
  readonly type: Node | null;
  readonly traceparent: Node | null;
  readonly dataSchemaName: string | null;
  /** Fields of the value that are the event's data. */
  readonly data: readonly FieldNode[];
}

/** Null: the record is none of a change, and its value is null, as Debezium's converter has it. Throws `data.shape`. */
export function recordMetadata(value: Node, context: ConverterContext, from: MetadataSource): RecordMetadata | null {
  if (value.kind !== 'struct') return null;
  const headers = new HeaderNodes(context);
  const fromValue = from.global === 'value';
  if (fromValue ? !(value.schema.name ?? '').endsWith('.Envelope') : !headers.has('source') || !headers.has('op')) return null;
  const of = (name: string): Node | null => (fromValue ? fieldOf(value, name) : headers.optional(name));
  const source = of('source');
  const op = of('op');
  if (source?.kind !== 'struct' || op === null) throw unfit(context, 'no source block or no operation');
  const transaction = of('transaction');
  const before = fieldOf(value, 'before');
  const after = fieldOf(value, 'after');
  if (fromValue && (before === null || after === null)) throw unfit(context, 'no "before" or no "after"');
  const name = from.dataSchemaName === 'header' ? headers.required('dataSchemaName') : null;
  if (name !== null && (name.kind !== 'constant' || typeof name.value !== 'string')) {
    throw unfit(context, 'a header "dataSchemaName" that is no text');
  }
  return {
    source,
    op,
    transaction: transaction?.kind === 'struct' ? transaction : null,
    id: from.id === 'header' ? headers.text('id') : null,
    type: from.type === 'header' ? headers.text('type') : null,
    traceparent: from.traceparent === 'header' ? headers.text('traceparent') : null,
    dataSchemaName: name === null ? null : String(name.value),
    data: fromValue ? value.fields.filter(({ name: field }) => field === 'before' || field === 'after') : value.fields,
  };
}

export function fieldOf(struct: StructNode, name: string): Node | null {
  return struct.fields.find((field) => field.name === name)?.node ?? null;
}

class HeaderNodes {
  readonly #context: ConverterContext;

  constructor(context: ConverterContext) {
    this.#context = context;
  }

  has(name: string): boolean {
    return this.#last(name) !== undefined;
  }

  /** Null: there is none of this name. A header that only some records have is taken for a value that may be null. */
  optional(name: string): Node | null {
    const header = this.#last(name);
    if (header === undefined) return null;
    if (this.#context.headersDescribed !== true) {
      throw new ConnectError('data.shape', `Header "${name}" of "${this.#context.topic}" does not say which type it has.`, {
        remedy: 'Set "header.converter": "org.apache.kafka.connect.json.JsonConverter" and "header.converter.schemas.enable": "true".',
      });
    }
    return header.node;
  }

  required(name: string): Node {
    const node = this.optional(name);
    if (node === null) throw unfit(this.#context, `no header "${name}", which metadata.source asks for`);
    return node;
  }

  /** As an attribute has it: a plain string, whatever else the header's schema says of it. */
  text(name: string): Node {
    const node = this.required(name);
    if (node.kind === 'struct' || node.schema.type !== 'string') throw unfit(this.#context, `a header "${name}" that is no string`);
    return { ...node, schema: { type: 'string', optional: false } };
  }

  #last(name: string): HeaderNode | undefined {
    return this.#context.headers?.findLast((header) => header.name === name);
  }
}

function unfit({ topic }: ConverterContext, what: string): ConnectError {
  return new ConnectError('data.shape', `Records of "${topic}" cannot become CloudEvents: they have ${what}.`, {
    remedy: 'Correct "metadata.source" of the CloudEventsConverter or the transforms in front of it.',
    details: { topic },
  });
}
