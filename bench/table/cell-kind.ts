import type { PlainCell } from '../check/cell-hash.ts';

/** The formats that the engines of the bench write. */
export type RecordForm = 'debezium-avro' | 'debezium-json' | 'plain-avro';

/** How a column's cells are compared: Postgres' text and each format's value become the same plain cell, or they differ. */
export interface CellKind {
  readonly fromText: (text: string) => PlainCell;
  readonly from: Readonly<Record<RecordForm, (value: unknown) => PlainCell>>;
}

const same = (value: unknown): PlainCell => value as PlainCell;
const everywhere = (read: (value: unknown) => PlainCell): CellKind['from'] => ({
  'debezium-avro': read,
  'debezium-json': read,
  'plain-avro': read,
});

/** `2026-07-14 08:15:30.123456`, with or without a fraction and `+00` behind it. */
function microsOfText(text: string): number {
  const [, date = '', time = '', fraction = ''] = /^(\S+)[ T](\d\d:\d\d:\d\d)(?:\.(\d+))?(?:\+00|Z)?$/.exec(text) ?? [];
  return Date.parse(`${date}T${time}Z`) * 1000 + Number(fraction.padEnd(6, '0'));
}

function centsOfBytes(bytes: Buffer): number {
  return bytes.length === 0 ? 0 : bytes.readIntBE(0, bytes.length);
}

const centsOfText = (text: string): number => Math.round(Number(text) * 100);
const microsOfMillis = (value: unknown): number => Number(value) * 1000;

export const cellKinds = {
  integer: { fromText: Number, from: everywhere(same) },
  float: { fromText: Number, from: everywhere(same) },
  /** Also jsonb, whose text every engine passes on. */
  text: { fromText: (text) => text, from: everywhere(same) },
  boolean: { fromText: (text) => text === 'true', from: everywhere(same) },
  /** numeric(p, 2), compared in hundredths. */
  cents: {
    fromText: centsOfText,
    from: {
      'debezium-avro': (value) => centsOfBytes(value as Buffer),
      'debezium-json': (value) => centsOfBytes(Buffer.from(value as string, 'base64')),
      'plain-avro': (value) => centsOfText(value as string),
    },
  },
  /** timestamp, compared in microseconds. */
  timestamp: { fromText: microsOfText, from: { ...everywhere(same), 'plain-avro': microsOfMillis } },
  /** timestamptz: Debezium writes it as ISO text. */
  zonedTimestamp: {
    fromText: microsOfText,
    from: { ...everywhere((value) => microsOfText(value as string)), 'plain-avro': microsOfMillis },
  },
} satisfies Record<string, CellKind>;
