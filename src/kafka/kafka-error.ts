import type { ErrorCode } from '../base/errors.ts';
import { ConnectError, findConnectError } from '../base/errors.ts';
import { kafkaErrorNames } from './kafka-error-names.ts';

/** The answers of a broker that this project decides on, by Kafka's own names. */
export const KafkaCode = {
  NONE: 0,
  UNKNOWN_TOPIC_OR_PARTITION: 3,
  LEADER_NOT_AVAILABLE: 5,
  REPLICA_NOT_AVAILABLE: 9,
  MESSAGE_TOO_LARGE: 10,
  COORDINATOR_NOT_AVAILABLE: 15,
  NOT_COORDINATOR: 16,
  RECORD_LIST_TOO_LARGE: 18,
  TOPIC_AUTHORIZATION_FAILED: 29,
  CLUSTER_AUTHORIZATION_FAILED: 31,
  UNSUPPORTED_VERSION: 35,
  TOPIC_ALREADY_EXISTS: 36,
  NOT_CONTROLLER: 41,
  OUT_OF_ORDER_SEQUENCE_NUMBER: 45,
  DUPLICATE_SEQUENCE_NUMBER: 46,
  INVALID_PRODUCER_EPOCH: 47,
  INVALID_TRANSACTION_TIMEOUT: 50,
  CONCURRENT_TRANSACTIONS: 51,
  PRODUCER_FENCED: 90,
} as const;

/** The same request may succeed later: no leader, coordinator moving or loading, too few replicas, time-out. */
const transient = new Set([2, 3, 5, 6, 7, 8, 9, 13, 14, 15, 16, 19, 20, 41, 51, 56, 74, 75, 78, 89]);

/** The state of this producer is gone (expired, aborted by time-out, out of step): a new producer can go on. */
const stale = new Set([45, 48, 49, 59, 67, 120]);

const authentication = new Set([33, 34, 58]);
const authorization = new Set([29, 30, 31, 53, 65]);
const topic = new Set([17, 36, 37, 38, 39, 40, 44, 60]);

/** How long a request is sent again on a transient code: brokers that have much to do tell each other late. */
export const kafkaPatienceMs = 15_000;

export function isTransient(code: number): boolean {
  return transient.has(code);
}

function connectCode(code: number): ErrorCode {
  if (transient.has(code) || stale.has(code)) return 'kafka.transient';
  if (authentication.has(code)) return 'kafka.authentication';
  if (authorization.has(code)) return 'kafka.authorization';
  if (topic.has(code)) return 'kafka.topic';
  if (code === KafkaCode.MESSAGE_TOO_LARGE || code === KafkaCode.RECORD_LIST_TOO_LARGE) return 'kafka.record-too-large';
  if (code === KafkaCode.INVALID_PRODUCER_EPOCH || code === KafkaCode.PRODUCER_FENCED) return 'kafka.fenced';
  return 'kafka.protocol';
}

const remedies: Partial<Record<ErrorCode, string>> = {
  'kafka.unreachable':
    'Check that the brokers run, that bootstrap.servers and security.protocol fit their listeners, and that advertised.listeners can be reached from here.',
  'kafka.authentication': 'Check sasl.mechanism and the user name and password, or the certificates.',
  'kafka.authorization': "Grant the connector's user the operation on this resource (kafka-acls).",
};

/** An error code in a broker's answer. `doing` completes "Kafka refused to ...": "create topic orders". */
export function kafkaError(code: number, doing: string, servers: string, cause?: unknown): ConnectError {
  const kind = connectCode(code);
  // The number itself for codes that are newer than the table.
  const [name, explained] = kafkaErrorNames.get(code) ?? [`error ${code}`, undefined];
  const remedy = remedies[kind];
  const refused = kind === 'kafka.authentication' ? 'did not accept the login' : `refused to ${doing}`;
  return new ConnectError(kind, `Kafka at ${servers} ${refused}: ${name}${explained === undefined ? '' : ` (${explained})`}`, {
    ...(remedy === undefined ? {} : { remedy }),
    ...(cause === undefined ? {} : { cause }),
    details: { kafkaCode: code, kafkaError: name },
  });
}

interface ForeignError extends Error {
  /** kafkajs: Kafka's error number; node: `ECONNREFUSED`. */
  readonly code?: unknown;
  /** kafkajs: Kafka's error name. */
  readonly type?: unknown;
  /** Several errors in one. */
  readonly errors?: unknown;
  /** `BrokerRefusal`: Kafka's error number. */
  readonly apiCode?: unknown;
}

/** Whatever our connections, kafkajs or the network threw, as a `ConnectError`; decided by codes, never by text. */
export function fromKafkaClient(error: unknown, doing: string, servers: string): ConnectError {
  const known = findConnectError(error);
  if (known !== null) return known;
  const code = brokerCode(error);
  if (code !== null && code !== KafkaCode.NONE) return kafkaError(code, doing, servers, error);
  const kind: ErrorCode = isAuthentication(error) ? 'kafka.authentication' : 'kafka.unreachable';
  const reason = kind === 'kafka.authentication' ? 'the broker rejected the credentials' : 'no broker answered';
  const remedy = remedies[kind];
  return new ConnectError(kind, `Cannot ${doing} on Kafka at ${servers}: ${reason}.`, {
    ...(remedy === undefined ? {} : { remedy }),
    cause: error,
  });
}

/** The first Kafka error number in the tree of causes and collected errors. */
export function brokerCode(error: unknown): number | null {
  for (const at of errorTree(error)) {
    if (typeof at.apiCode === 'number') return at.apiCode;
    if (typeof at.code === 'number' && typeof at.type === 'string') return at.code;
  }
  return null;
}

function isAuthentication(error: unknown): boolean {
  for (const at of errorTree(error)) {
    if (at.name === 'KafkaJSSASLAuthenticationError') return true;
  }
  return false;
}

function errorTree(error: unknown): ForeignError[] {
  const found: ForeignError[] = [];
  const pending: unknown[] = [error];
  while (pending.length > 0 && found.length < 64) {
    const at = pending.shift();
    if (!(at instanceof Error)) continue;
    const foreign: ForeignError = at;
    found.push(foreign);
    if (Array.isArray(foreign.errors)) pending.push(...(foreign.errors as unknown[]));
    pending.push(foreign.cause);
  }
  return found;
}
