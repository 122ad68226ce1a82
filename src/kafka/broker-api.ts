import type { RequestWriter } from './request-writer.ts';
import type { ResponseReader } from './response-reader.ts';

/** One request of Kafka's protocol in one version: how it is written, and how its answer is read. */
export interface BrokerApi<A extends readonly unknown[], R> {
  readonly key: number;
  readonly version: number;
  /** The headers of request and answer have tagged fields: so in flexible versions, but for the answer about API versions. */
  readonly tagged: { readonly request: boolean; readonly response: boolean };
  readonly write: (request: RequestWriter, ...args: A) => unknown;
  readonly read: (response: ResponseReader) => R;
}

export function brokerApi<A extends readonly unknown[], R>(
  key: number,
  version: number,
  write: (request: RequestWriter, ...args: A) => unknown,
  read: (response: ResponseReader) => R,
  tagged: BrokerApi<A, R>['tagged'] = { request: true, response: true },
): BrokerApi<A, R> {
  return { key, version, tagged, write, read };
}

/** A broker's error code where an answer is of no use without it: `apiCode` is what `kafkaError` explains. */
export class BrokerRefusal extends Error {
  readonly apiCode: number;

  constructor(apiCode: number, message: string) {
    super(message);
    this.apiCode = apiCode;
  }
}
