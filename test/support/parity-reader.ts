import type { CommittedRecord } from './committed-reader.ts';
import type { ParityPart, ParityRecord } from './parity-case.ts';
import { plainDecoder, plainJson } from './plain-decoder.ts';
import { stack } from './stack.ts';

interface KnownSchema {
  readonly text: string;
  readonly type: ReturnType<typeof plainDecoder>;
}

/** Turns records of Kafka into plain JSON with the texts of their schemas. */
export class ParityReader {
  readonly #schemas = new Map<number, Promise<KnownSchema>>();

  /** By topic, in the order of each; `rename` takes names out that differ from run to run. */
  async plain(records: readonly CommittedRecord[], rename: (text: string) => string): Promise<Map<string, ParityRecord[]>> {
    const byTopic = new Map<string, ParityRecord[]>();
    for (const record of records.toSorted((left, right) => Number(left.offset - right.offset))) {
      const topic = rename(record.topic);
      const list = byTopic.get(topic) ?? [];
      const headers = Object.fromEntries(Object.entries(record.headers).map(([header, value]) => [header, rename(value)]));
      list.push({ topic, key: await this.part(record.rawKey, rename), value: await this.part(record.rawValue, rename), headers });
      byTopic.set(topic, list);
    }
    return byTopic;
  }

  /** One key or value in Confluent's form. */
  async part(bytes: Buffer | null, rename: (text: string) => string): Promise<ParityPart | null> {
    if (bytes === null) return null;
    const { text, type } = await this.#schema(bytes.readUInt32BE(1));
    return { schema: rename(text), value: JSON.parse(rename(JSON.stringify(plainJson(type.fromBuffer(bytes.subarray(5)))))) as unknown };
  }

  #schema(id: number): Promise<KnownSchema> {
    let found = this.#schemas.get(id);
    if (found === undefined) {
      found = schemaText(id).then((text) => ({ text, type: plainDecoder(text) }));
      this.#schemas.set(id, found);
    }
    return found;
  }
}

/** Apicurio's own ids are asked for where its Confluent interface does not know one. */
async function schemaText(id: number): Promise<string> {
  const answer = await fetch(`${stack.registry}/schemas/ids/${id}`);
  if (answer.ok) return ((await answer.json()) as { schema: string }).schema;
  const own = await fetch(`${stack.registry.replace(/\/apis\/.*$/, '/apis/registry/v2')}/ids/contentIds/${id}`);
  if (!own.ok) throw new Error(`no schema has the id ${id}: ${own.status}`);
  return own.text();
}
