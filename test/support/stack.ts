/**
 * Where the real Kafka, registry and Postgres of this test run listen. `npm test` starts them and says so in the
 * environment; a test never starts or stops them and takes names of its own (see `unique-name.ts`).
 */
export interface Stack {
  /** `host:port` */
  readonly kafka: string;
  /** URL of the Confluent-compatible API, with its path. */
  readonly registry: string;
  /** `postgres://user:password@host:port/postgres` of the newest Postgres, as a superuser. */
  readonly postgres: string;
  /** The same for Postgres 15; null where none is at hand. */
  readonly postgres15: string | null;
}

export const stack: Stack = {
  kafka: address('MILLRACE_TEST_KAFKA'),
  registry: address('MILLRACE_TEST_REGISTRY'),
  postgres: address('MILLRACE_TEST_POSTGRES'),
  postgres15: optional('MILLRACE_TEST_POSTGRES_15'),
};

function address(name: string): string {
  const value = optional(name);
  if (value === null) {
    throw new Error(
      `This test needs a real stack, and ${name} is not set: run it through \`npm test -- PATH\`, or set MILLRACE_TEST_KAFKA, ` +
        'MILLRACE_TEST_REGISTRY and MILLRACE_TEST_POSTGRES to servers of your own.',
    );
  }
  return value;
}

function optional(name: string): string | null {
  const value = process.env[name];
  return value === undefined || value === '' ? null : value;
}
