import type { CommittedRecord } from '../support/committed-reader.ts';
import type { ParityPart, ParityRecord } from '../support/parity-case.ts';
import { ParityReader } from '../support/parity-reader.ts';
import { cloudEventsConverter, isEvent, plainEvent } from './cloud-event.ts';

type Rename = (text: string) => string;

const avro = new ParityReader();

/** Records as plain JSON, whatever converters the config names; by topic, `topic#1` for its other partitions, in the order of each. */
export async function plainRecords(
  records: readonly CommittedRecord[],
  config: Readonly<Record<string, string>>,
  rename: Rename,
): Promise<Map<string, ParityRecord[]>> {
  const byTopic = new Map<string, ParityRecord[]>();
  for (const record of records.toSorted((left, right) => Number(left.offset - right.offset))) {
    const topic = rename(record.partition === 0 ? record.topic : `${record.topic}#${record.partition}`);
    const list = byTopic.get(topic) ?? [];
    list.push({
      topic,
      key: await part(record.rawKey, config['key.converter'] ?? '', rename),
      value: await part(record.rawValue, config['value.converter'] ?? '', rename),
      headers: Object.fromEntries(Object.entries(record.headers).map(([header, value]) => [header, rename(value)])),
    });
    byTopic.set(topic, list);
  }
  return byTopic;
}

async function part(bytes: Buffer | null, converter: string, rename: Rename): Promise<ParityPart | null> {
  if (bytes === null) return null;
  if (converter === cloudEventsConverter) return event(bytes, rename);
  if (converter === '' || converter.endsWith('AvroConverter')) return avro.part(bytes, rename);
  const text = rename(bytes.toString('utf8'));
  if (!converter.endsWith('JsonConverter')) return { schema: '', value: text };
  const value = exactJson(text);
  if (typeof value !== 'object' || value === null || !('schema' in value) || !('payload' in value)) return { schema: '', value };
  return { schema: JSON.stringify(value.schema), value: value.payload };
}

async function event(bytes: Buffer, rename: Rename): Promise<ParityPart | null> {
  const isAvro = bytes[0] === 0;
  const read = (data: Buffer): Promise<ParityPart | null> => avro.part(data, rename);
  const found = isAvro ? await read(bytes) : { schema: '', value: exactJson(rename(bytes.toString('utf8'))) };
  if (found === null || !isEvent(found.value)) return found;
  return plainEvent(found, read, (data) => (isAvro ? Buffer.from(String(data).slice(2), 'hex') : Buffer.from(String(data), 'base64')));
}

/** Integers that a double does not hold stay as their digits. */
function exactJson(text: string): unknown {
  return JSON.parse(text, exactNumber) as unknown;
}

function exactNumber(_name: string, value: unknown, context?: { source?: string }): unknown {
  return typeof value === 'number' && Number.isInteger(value) && !Number.isSafeInteger(value) ? (context?.source ?? value) : value;
}
