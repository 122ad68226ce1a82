import { createHash } from 'node:crypto';

import type { ParityDifference } from '../support/parity-difference.ts';

/** What is meant to differ: see docs/debezium-compatibility.md. */
export function acceptedFor(config: Readonly<Record<string, string>>): (found: ParityDifference) => boolean {
  return (found) => acceptedDifferences.some((accepts) => accepts(found, config));
}

type Accepts = (found: ParityDifference, config: Readonly<Record<string, string>>) => boolean;

const acceptedDifferences: readonly Accepts[] = [
  ({ path }) => path === 'headers.__debezium.context.runId',
  // A source block as a header: what differs by nature there.
  ({ path, theirs, ours }) => path === 'headers.source' && withoutPlace(String(theirs)) === withoutPlace(String(ours)),
  // Text in their headers has line breaks and tabs as they are, which is no JSON.
  ({ path, theirs, ours }) => path.startsWith('headers.') && typeof theirs === 'string' && headerText(theirs) === headerText(String(ours)),
  // The rows of a snapshot are marked in another order, or the first table is empty.
  ({ path, theirs, ours }) => path.endsWith('snapshot') && typeof theirs === 'string' && typeof ours === 'string',
  // They list the tables of a transaction in the order of a Java hash map, and messages under the hash of an object.
  ({ path, theirs, ours }) => path.endsWith('.data_collections') && collections(theirs) === collections(ours),
  // A truncation that ends in the middle of a character leaves a question mark there.
  ({ theirs, ours }) => typeof theirs === 'string' && /[?\uFFFD\uD800-\uDBFF]$/.test(theirs) && theirs.slice(0, -1) === ours,
  // Of the first transaction after a snapshot they tell no commit before it.
  ({ path, theirs, ours }) =>
    path === 'place' &&
    JSON.stringify(theirs).replace('[null,', '') ===
      JSON.stringify(ours)
        .replace(/\["\d+\\",/, '')
        .replace(/\[\\"\d+\\",/, ''),
  // The transaction before may be one of a signal table that the other one does not see.
  ({ path, theirs, ours }, config) =>
    path === 'place' && config['signal.data.collection'] !== undefined && withoutLastCommit(theirs) === withoutLastCommit(ours),
  ({ path }) => path.endsWith('source_version'),
  // The estimate of a record counts the version and the mark of a snapshot's row, which differ.
  ({ theirs, ours }, config) => 'transforms.size.type' in config && isCutAlike(theirs, ours),
  // MaskField covers null, too.
  ({ path, theirs, ours }, config) => theirs === null && ours === 'hidden' && path === 'value.value.w' && 'transforms.word.type' in config,
  // Of an image, or a column of it, that is not there Flatten makes nulls, where they have defaults, empty texts and the like.
  ({ topic, path, theirs, ours }, config) =>
    /^value\.value\.(before|after)_/.test(path) &&
    ours === null &&
    (isNeutral(theirs) || topic.endsWith('defs')) &&
    'transforms.flat.type' in config,
  // The same of the mark of a snapshot.
  ({ path, theirs, ours }, config) =>
    path.endsWith('.source_snapshot') && theirs === 'false' && ours === null && 'transforms.flat.type' in config,
  // A partitioned table and its partitions: they read all of them, and then stream one kind.
  ({ topic, path, ours }) => path === 'topic' && ours === 0 && /parts(_\w+)?$/.test(topic),
  // No heartbeats during a snapshot.
  ({ topic, path, ours }, config) => path === 'topic' && ours === 0 && topic.includes('beat') && config['snapshot.mode'] === 'initial_only',
  // They set an interval of their own, so that each snapshot ends with a heartbeat.
  ({ topic, path, ours }, config) => path === 'topic' && ours === 0 && topic.includes('heartbeat') && hasOwnHeartbeats(config),
  // Records of the signal table come when the filters take it in.
  ({ topic, path, ours }) => path === 'topic' && ours === 0 && topic.includes('signals_'),
  // A null in a nullable column is null, whatever its default.
  ({ topic, path, theirs, ours }) => topic.endsWith('defs') && /[._]m$/.test(path) && theirs === 'nullable' && ours === null,
  // The key is the index of the replica identity.
  ({ topic, path }) => topic.endsWith('indexed') && path.startsWith('key'),
  // They cut the placeholder of a value that was not sent.
  ({ theirs, ours }, config) =>
    ours === (config['unavailable.value.placeholder'] ?? '__debezium_unavailable_value') && ours.startsWith(String(theirs)),
  // An unchanged bytea that was not sent is null in the base64 modes.
  ({ path, theirs, ours }, config) =>
    /[._]raw$/.test(path) && theirs === null && typeof ours === 'string' && (config['binary.handling.mode'] ?? '').startsWith('base64'),
  // Java and JavaScript spell some numbers differently.
  ({ theirs, ours }) => isNumber(theirs) && isNumber(ours) && Number(theirs) === Number(ours),
  // Source types are told as the stream knows them.
  ({ path, theirs, ours }) =>
    (path.endsWith('.schema') && typeof theirs === 'string' && streamedTypes(theirs) === streamedTypes(String(ours))) ||
    (path.endsWith('data.schema.fields') && streamedTypes(JSON.stringify(theirs)) === streamedTypes(JSON.stringify(ours))),
  ({ path, theirs, ours }) => path.endsWith('.sourceSchema.table.columns') && streamedColumns(theirs) === streamedColumns(ours),
  // An outbox value with fields beside the payload is named after its table.
  ({ topic, path, theirs, ours }) =>
    topic.includes('.events.') && path.endsWith('.schema') && withoutRoute(String(theirs)) === withoutRoute(String(ours)),
  // Under JSON their tombstones of unwrapped deletes are no tombstones: a schema, or the word null.
  ({ path, theirs, ours }, config) =>
    path === 'value' &&
    ours === null &&
    (config['value.converter'] ?? '').includes('Json') &&
    JSON.stringify(theirs).endsWith('"value":null}'),
];

function hasOwnHeartbeats(config: Readonly<Record<string, string>>): boolean {
  const isAsked = config['heartbeat.interval.ms'] !== undefined || config['provide.transaction.metadata'] === 'true';
  return config['lsn.flush.mode'] === 'connector_and_driver' && !isAsked;
}

function isCutAlike(theirs: unknown, ours: unknown): boolean {
  if (typeof theirs !== 'string' || typeof ours !== 'string') return false;
  const common = Math.min(theirs.length, ours.length) - 4;
  return Math.abs(theirs.length - ours.length) <= 12 && theirs.slice(0, common) === ours.slice(0, common);
}

function collections(list: unknown): string {
  if (!Array.isArray(list)) return String(list);
  return list
    .map((item) => JSON.stringify(item).replace(/io\.debezium\.[^"]*LogicalDecodingMessageId@[0-9a-f]+/, 'message'))
    .toSorted()
    .join();
}

function headerText(text: string): string {
  const plain = text.replaceAll(/[\n\t]/g, (control) => JSON.stringify(control).slice(1, -1));
  try {
    return JSON.stringify(JSON.parse(plain));
  } catch {
    return plain;
  }
}

function withoutPlace(block: string): string {
  return block.replaceAll(/"(version|snapshot|sequence|ts_[mun]s|txId|lsn|xmin)":("(\\.|[^"\\])*"|[\w]+)/g, '"$1":');
}

/** The schema of a record, with source types as the stream knows them. */
export function streamedTypes(schema: string): string {
  return schema
    .replaceAll(/("?__debezium.source.column.type\\?":\\?")SERIAL/g, '$1INT4')
    .replaceAll(/"__debezium.source.column.length":"(0|131089)",("__debezium.source.column.scale":"0",)?/g, '');
}

function streamedColumns(columns: unknown): string {
  return JSON.stringify(columns)
    .replaceAll('"typeName":"SERIAL"', '"typeName":"INT4"')
    .replaceAll(/NUMERIC","length":(131089|0),"scale":(0|null)/g, 'NUMERIC"');
}

function withoutRoute(schema: string): string {
  return schema.replaceAll(/(?<=[.-])outbox\.\w+(?=[".])/g, (name) => (name.endsWith('.Value') ? name : 'outbox'));
}

function withoutLastCommit(place: unknown): string {
  return JSON.stringify(place).replace(/\[\\"\d+\\",/, '[');
}

/** Of an empty text, as the configs have columns hashed. */
const hashedNothing = createHash('sha256').update('pepper').digest('hex');

function isNeutral(value: unknown): boolean {
  return value === '' || value === 0 || value === false || value === '{}' || value === hashedNothing;
}

function isNumber(value: unknown): value is number | string {
  return typeof value === 'number' || (typeof value === 'string' && /^[-\d]/.test(value));
}
