import type { StructuredForm } from '../../record/cell-rewrite.ts';
import { ColumnKind } from '../../record/column-kind.ts';
import type { Schema, SchemaType } from '../../record/schema.ts';
import type { MappedType } from './type-map.ts';

type FieldSpec = readonly [name: string, type: SchemaType];

const calendar: readonly FieldSpec[] = [
  ['year', 'int32'],
  ['month', 'int8'],
  ['day', 'int8'],
];
const clock: readonly FieldSpec[] = [
  ['hour', 'int8'],
  ['minute', 'int8'],
  ['second', 'int8'],
  ['nanos', 'int32'],
];
const offset: FieldSpec = ['offsetSeconds', 'int32'];
const special: FieldSpec = ['specialValue', 'string'];
const precision: FieldSpec = ['precision', 'int32'];

const forms: Readonly<Record<StructuredForm, readonly [name: string, fields: readonly FieldSpec[]]>> = {
  date: ['StructuredDate', [...calendar, special]],
  time: ['StructuredTime', [...clock, precision]],
  timetz: ['StructuredZonedTime', [...clock, offset, precision]],
  timestamp: ['StructuredTimestamp', [...calendar, ...clock, special, precision]],
  timestamptz: ['StructuredZonedTimestamp', [...calendar, ...clock, offset, ['zoneId', 'string'], special, precision]],
  interval: [
    'StructuredDuration',
    [
      ['years', 'int32'],
      ['months', 'int32'],
      ['days', 'int32'],
      ['hours', 'int32'],
      ['minutes', 'int32'],
      ['seconds', 'int64'],
      ['nanos', 'int32'],
      precision,
    ],
  ],
};

const kinds: Readonly<Partial<Record<SchemaType, ColumnKind>>> = {
  int8: ColumnKind.INT,
  int32: ColumnKind.INT,
  int64: ColumnKind.LONG,
  string: ColumnKind.STRING,
};

const formOf: ReadonlyMap<number, StructuredForm> = new Map([
  [1082, 'date'],
  [1083, 'time'],
  [1114, 'timestamp'],
  [1184, 'timestamptz'],
  [1186, 'interval'],
  [1266, 'timetz'],
]);

/** Midnight, the first of January 1970, no time at all; P is the precision. */
const neutrals: Readonly<Record<StructuredForm, string>> = {
  date: '{1970,1,1,NULL}',
  time: '{0,0,0,0,P}',
  timetz: '{0,0,0,0,0,P}',
  timestamp: '{1970,1,1,0,0,0,0,NULL,P}',
  timestamptz: '{1970,1,1,0,0,0,0,0,NULL,NULL,P}',
  interval: '{0,0,0,0,0,0,0,P}',
};

/** `time.precision.mode=structured`: times as structs of numbers, as Debezium 3.7 builds their schemas. Null: no time. */
export function structuredType(typeOid: number, typmod: number): MappedType | null {
  const form = formOf.get(typeOid);
  if (form === undefined) return null;
  const [name, specs] = forms[form];
  const fields = specs.map(([fieldName, type]) => ({ name: fieldName, schema: { type, optional: true } }));
  const schema: Schema = { type: 'struct', optional: false, name: `io.debezium.time.${name}`, version: 1, fields };
  const rewrite = { kind: 'structured', form, precision: form === 'date' ? -1 : fractionDigits(form, typmod) } as const;
  const element: MappedType = {
    kind: ColumnKind.STRUCT,
    schema,
    scale: -1,
    typeOid,
    neutral: neutrals[form].replace('P', String(rewrite.precision)),
    fields: fields.map((field) => ({ kind: kinds[field.schema.type] ?? ColumnKind.STRING, schema: field.schema, scale: -1, typeOid: 0 })),
  };
  return { kind: ColumnKind.REWRITTEN, schema, scale: -1, rewrite, typeOid, element };
}

/** The modifier of an interval also says which fields it keeps; 65535 in its lower half is no limit. */
function fractionDigits(form: StructuredForm, typmod: number): number {
  const digits = form === 'interval' && typmod >= 0 ? typmod & 0xffff : typmod;
  return digits < 0 || digits > 6 ? 6 : digits;
}
