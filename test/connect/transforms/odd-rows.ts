import { Op } from '../../../src/record/change.ts';
import { ColumnKind } from '../../../src/record/column-kind.ts';
import type { Node, Shape } from '../../../src/record/shape.ts';
import { columnsOf, envelopeOf } from './transform-run.ts';
import type { Cells, Row } from './transform-run.ts';

const time = (name: string) => ({ name: `io.debezium.time.${name}`, version: 1 });

const envelope = envelopeOf(
  'shop.public.odd',
  columnsOf({
    id: [ColumnKind.INT, 'int32'],
    größe: [ColumnKind.STRING, 'string?'],
    n: [ColumnKind.LONG, 'int64?'],
    f: [ColumnKind.FLOAT64, 'float64?'],
    at: [ColumnKind.TIMESTAMP_MICROS, 'int64?', time('MicroTimestamp')],
    zoned: [ColumnKind.ZONED_TIMESTAMP, 'string?', time('ZonedTimestamp')],
    day: [ColumnKind.DATE_DAYS, 'int32?', { name: 'org.apache.kafka.connect.data.Date', version: 1 }],
  }),
);
const header: Node = { kind: 'constant', schema: { type: 'string', optional: false }, value: 'ü' };

/** A table whose records the golden answers are about. */
export const oddShape: Shape = { ...envelope, headers: [{ name: 'h', node: header, ops: null, presence: null }] };

const plain: Cells = ['1', 'groß', '-3', '2.5', '2024-05-06 07:08:09.123456', '2024-05-06 07:08:09.123456+00', '2024-02-29'];
const nulls: Cells = ['1', null, null, null, null, null, null];
const first: Cells = [
  '-2147483648',
  '',
  '-9223372036854775808',
  '-1.7976931348623157e+308',
  '0001-01-01 00:00:00',
  '0001-01-01 00:00:00+00',
  '0001-01-01',
];
const last: Cells = [
  '0',
  '🙂"\\\n',
  '9223372036854775807',
  'NaN',
  '9999-12-31 23:59:59.999999',
  '9999-12-31 23:59:59.999999+00',
  '9999-12-31',
];
const before1970: Cells = ['2', 'ä'.repeat(40), '-1', '-0.1', '1969-12-31 23:59:59.998999', '1969-12-31 23:59:59.998999+00', '1969-12-31'];

export const oddRows: readonly Row[] = [
  { op: Op.CREATE, after: plain },
  { op: Op.READ, after: nulls },
  { op: Op.CREATE, after: first },
  { op: Op.CREATE, after: last },
  { op: Op.CREATE, after: before1970 },
  { op: Op.UPDATE, before: plain, after: nulls },
  { op: Op.UPDATE, after: plain },
  { op: Op.UPDATE, before: plain, after: plain },
  { op: Op.DELETE, before: plain },
  { op: Op.DELETE, before: nulls },
  { op: Op.TOMBSTONE, before: plain },
  { op: Op.TRUNCATE },
];
