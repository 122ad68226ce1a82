/** What a handler sees of a request. */
export interface RestRequest {
  /** Path parameters, decoded once. */
  readonly params: Readonly<Record<string, string>>;
  /** Repeatable: always a list. */
  readonly query: (name: string) => readonly string[];
  /** The body as it came; empty when there was none. */
  readonly body: string;
}

export interface RestReply {
  readonly status: number;
  /** Sent as JSON; text is taken to be JSON already. Absent: no body. */
  readonly body?: unknown;
  readonly headers?: Readonly<Record<string, string>>;
}

/** One line of the route table. */
export interface Route {
  readonly method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';
  readonly url: string;
  readonly handle: (request: RestRequest) => Promise<RestReply> | RestReply;
}

export function ok(body: unknown): RestReply {
  return { status: 200, body };
}

export function isTrue(values: readonly string[]): boolean {
  return values.at(-1)?.toLowerCase() === 'true';
}
