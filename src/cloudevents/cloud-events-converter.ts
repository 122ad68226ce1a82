import type { ByteSink } from '../base/byte-sink.ts';
import type { Logger } from '../base/log.ts';
import type { Converter, ConverterContext, RowEncoder } from '../connect/converter.ts';
import type { Change } from '../record/change.ts';
import type { Node, StructNode } from '../record/shape.ts';
import { dataNode, eventNode } from './event-node.ts';
import type { EventOptions } from './event-node.ts';
import type { MetadataSource } from './metadata-source.ts';
import { recordMetadata } from './record-metadata.ts';
import type { RecordMetadata } from './record-metadata.ts';

/** How an event and the data in it are written. */
export type EventFormat =
  | {
      readonly kind: 'json';
      readonly event: Converter;
      /** With schemas; null: the event's own converter writes the data. */ readonly data: Converter | null;
    }
  | { readonly kind: 'json-avro'; readonly event: Converter; readonly data: Converter; readonly registry: string }
  | { readonly kind: 'avro'; readonly event: Converter; readonly registry: string };

export interface CloudEventsOptions extends EventOptions {
  readonly metadata: MetadataSource;
}

/** What stands at the end of an event whose data is an empty struct: the data is put in its place. */
const emptyData = '{}}'.length;

/**
 * Changes as CloudEvents, as Debezium's converter of that name makes them. The event is a shape like any other, for the
 * JSON or Avro converter to write; records that are no changes (heartbeats, transactions) get a null value, as there.
 */
export class CloudEventsConverter implements Converter {
  readonly #format: EventFormat;
  readonly #options: CloudEventsOptions;
  readonly #log: Logger;
  readonly #told = new Set<string>();

  constructor(format: EventFormat, options: CloudEventsOptions, log: Logger) {
    this.#format = format;
    this.#options = options;
    this.#log = log;
  }

  get readsHeaders(): boolean {
    return Object.values(this.#options.metadata).includes('header');
  }

  get textHeader(): string | undefined {
    return this.#options.metadata.dataSchemaName === 'header' ? 'dataSchemaName' : undefined;
  }

  async compile(node: Node, context: ConverterContext): Promise<RowEncoder | null> {
    const metadata = recordMetadata(node, context, this.#options.metadata);
    if (metadata === null) return this.#nothing(context.topic);
    switch (this.#format.kind) {
      case 'json':
        return this.#json(metadata, context, this.#format.event, this.#format.data);
      case 'json-avro':
        return this.#withAvro(metadata, context, this.#format, context.topic);
      case 'avro':
        return this.#withAvro(metadata, context, { ...this.#format, data: this.#format.event }, `${context.topic}-data`);
    }
  }

  #nothing(topic: string): null {
    if (!this.#told.has(topic)) {
      this.#log.warn({ topic }, 'Records that are no changes of rows have no CloudEvent: their value is null');
      this.#told.add(topic);
    }
    return null;
  }

  async #json(
    metadata: RecordMetadata,
    context: ConverterContext,
    event: Converter,
    described: Converter | null,
  ): Promise<RowEncoder | null> {
    const data = dataNode(metadata);
    const place = { contentType: 'application/json', schemaUri: null } as const;
    if (described === null) return event.compile(eventNode(metadata, { ...place, node: data }, this.#options), context);
    const around = await event.compile(eventNode(metadata, { ...place, node: emptyStruct }, this.#options), context);
    const inside = await described.compile(data, context);
    return around === null || inside === null ? null : new DescribedData(around, inside);
  }

  async #withAvro(
    metadata: RecordMetadata,
    context: ConverterContext,
    { event, data, registry }: { readonly event: Converter; readonly data: Converter; readonly registry: string },
    topic: string,
  ): Promise<RowEncoder | null> {
    const encoder = await data.compile(dataNode(metadata), { ...context, topic });
    if (encoder === null) return null;
    const node: Node = { kind: 'encoded', schema: { type: 'bytes', optional: false }, encoder };
    const schemaUri = `${registry}/schemas/ids/${schemaId(encoder.wireHeader)}`;
    return event.compile(eventNode(metadata, { contentType: 'application/avro', schemaUri, node }, this.#options), context);
  }
}

const emptyStruct: StructNode = { kind: 'struct', schema: { type: 'struct', optional: false, fields: [] }, fields: [], presence: null };

/** Debezium reads four bytes behind the first, also where ids have eight. */
function schemaId(wireHeader: Uint8Array | undefined): string {
  if (wireHeader === undefined || wireHeader.length < 5) return '';
  return String(Buffer.from(wireHeader).readInt32BE(1));
}

/** The data with its schema inside of an event that has none itself. */
class DescribedData implements RowEncoder {
  readonly #around: RowEncoder;
  readonly #inside: RowEncoder;

  constructor(around: RowEncoder, inside: RowEncoder) {
    this.#around = around;
    this.#inside = inside;
  }

  encode(change: Change, out: ByteSink): void {
    this.#around.encode(change, out);
    out.at -= emptyData;
    this.#inside.encode(change, out);
    out.byte(0x7d);
  }
}
