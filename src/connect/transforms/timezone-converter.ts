import { ConnectError } from '../../base/errors.ts';
import { TimeZone } from '../../base/time-zone.ts';
import { CellFault } from '../../record/cell-fault.ts';
import { Op } from '../../record/change.ts';
import { ColumnKind } from '../../record/column-kind.ts';
import type { Column, RowSchema } from '../../record/row-schema.ts';
import type { LiteralValue } from '../../record/schema.ts';
import type { ColumnNode, FieldNode, Shape, StructNode } from '../../record/shape.ts';
import type { Config } from '../config.ts';
import type { TransformPlugin } from '../plugin.ts';
import type { RowStep, ShapePlan } from '../transform.ts';
import { DerivedText } from './derived-text.ts';
import { epochNanosOf, floorDivide, momentKinds } from './moment-text.ts';
import { findField, invalid, listKey, stringKey, withFields } from './part.ts';
import { rowReader } from './row-value.ts';

const rules = 'as source:table[:field], topic:name[:field] or name:field';

/** Moments of an envelope's rows in another zone: texts with a zone are written in it, moments without one are read as of it. */
export const timezoneConverterPlugin: TransformPlugin = {
  className: 'io.debezium.transforms.TimezoneConverter',
  aliases: [],
  configKeys: [
    stringKey('converted.timezone', 'The zone: +08:00, America/Los_Angeles.'),
    listKey('include.list', `What is converted, ${rules}; empty: everything.`, ''),
    listKey('exclude.list', `What is not converted, ${rules}.`, ''),
  ],
  create: (config) => new TimezoneConverter(config),
};

interface Rule {
  /** Null: a table or a topic. */
  readonly of: 'source' | 'topic' | null;
  readonly name: string;
  /** Null: all of them. */
  readonly field: string | null;
}

class TimezoneConverter {
  readonly #zone: TimeZone;
  readonly #rules: readonly Rule[];
  readonly #excludes: boolean;

  constructor(config: Config) {
    this.#zone = new TimeZone(config.string('converted.timezone'));
    const [include, exclude] = [config.list('include.list'), config.list('exclude.list')];
    if (include.length > 0 && exclude.length > 0)
      throw new ConnectError('config.invalid', 'Both include and exclude lists are specified. Please specify only one.', {
        remedy: 'Remove "include.list" or "exclude.list".',
      });
    this.#excludes = exclude.length > 0;
    this.#rules = parseRules(this.#excludes ? exclude : include, this.#excludes ? 'exclude.list' : 'include.list');
  }

  plan(shape: Shape, op: Op): ShapePlan {
    const envelope = shape.value;
    if (op === Op.TOMBSTONE || envelope.kind !== 'struct' || envelope.schema.name?.endsWith('.Envelope') !== true)
      return { shape, step: null };
    const steps: RowStep[] = [];
    let { schema } = shape;
    const fields = envelope.fields.map((image): FieldNode => {
      if ((image.name !== 'before' && image.name !== 'after') || image.node.kind !== 'struct') return image;
      const row: StructNode = image.node;
      const cells = row.fields.map((field): FieldNode => {
        if (field.node.kind !== 'column' || !this.#wants(shape, image.name, field.name)) return field;
        const converted = this.#convert(field.node, schema);
        if (converted === null) return field;
        ({ schema } = converted.text);
        steps.push(converted.step);
        return { name: field.name, node: converted.text.node };
      });
      const changed = withFields(row, cells);
      return { name: image.name, node: { ...changed, schema: { ...changed.schema, optional: row.schema.optional } } };
    });
    if (steps.length === 0) return { shape, step: null };
    const step: RowStep = (change) => steps.every((each) => each(change));
    return { shape: { ...shape, schema, value: withFields(envelope, fields) }, step };
  }

  #wants(shape: Shape, image: string, field: string): boolean {
    const table = tableOf(shape);
    const found = (of: Rule['of'], name: string): Rule[] => this.#rules.filter((rule) => rule.of === of && rule.name === name);
    const matching = [found('topic', shape.topic), found('source', table), found(null, shape.topic), found(null, table)];
    const first = matching.find((each) => each.length > 0);
    if (first === undefined) return this.#excludes || this.#rules.length === 0;
    const fields = first.flatMap((rule) => rule.field ?? []);
    if (fields.length === 0) return !this.#excludes;
    return (fields.includes(field) || fields.includes(`${image}.${field}`)) !== this.#excludes;
  }

  /** Null: not a moment that can be converted. */
  #convert(node: ColumnNode, schema: RowSchema): { text: DerivedText; step: RowStep } | null {
    const kind = schema.columns[node.column]?.kind;
    if (kind === ColumnKind.ZONED_TIME && this.#zone.fixedSeconds !== null) return this.#timeOfDay(node, schema, this.#zone.fixedSeconds);
    if (kind === undefined || !momentKinds.has(kind)) return null;
    const isZoned = kind === ColumnKind.ZONED_TIMESTAMP;
    const unit = kind === ColumnKind.TIMESTAMP_MICROS ? 1000n : kind === ColumnKind.TIMESTAMP_NANOS ? 1n : 1_000_000n;
    const text = new DerivedText(schema, schema.columns[node.column]?.name ?? '', {
      kind: isZoned ? ColumnKind.STRING : ColumnKind.LONG,
      schema: node.schema,
      neutral: this.#neutral(schema.columns[node.column]?.neutral, unit),
    });
    const read = rowReader(node, schema);
    const convert = isZoned ? (nanos: bigint) => this.#inZone(nanos) : (nanos: bigint) => String(this.#ofZone(nanos, unit));
    const step: RowStep = (change) => {
      const value = read(change);
      const nanos = value === null ? null : epochNanosOf(String(value));
      // As it would be without this transform: a value that cannot be written.
      if (unit === 1n && nanos !== null && BigInt.asIntN(64, nanos) !== nanos) throw beyondNanos(node, schema);
      text.write(change, nanos === null ? null : convert(nanos));
      return true;
    };
    return { text, step };
  }

  /** Where it is the same offset all year. */
  #timeOfDay(node: ColumnNode, schema: RowSchema, offset: number): { text: DerivedText; step: RowStep } {
    const { name, neutral } = schema.columns[node.column] as Column;
    const text = new DerivedText(schema, name, {
      kind: ColumnKind.STRING,
      schema: node.schema,
      neutral: typeof neutral === 'string' ? timeAt(neutral, offset) : neutral,
    });
    const read = rowReader(node, schema);
    const step: RowStep = (change) => {
      const value = read(change);
      text.write(change, value === null ? null : timeAt(String(value), offset));
      return true;
    };
    return { text, step };
  }

  /** What stands for a value that an old row lacks is a moment like any other. */
  #neutral(neutral: LiteralValue | undefined, unit: bigint): LiteralValue | undefined {
    if (typeof neutral === 'string') return this.#inZone(epochNanosOf(neutral));
    return typeof neutral === 'bigint' ? this.#ofZone(neutral * unit, unit) : neutral;
  }

  /** The same moment: `2024-02-29T13:34:56.789+01:00`. */
  #inZone(nanos: bigint): string {
    const seconds = Number(floorDivide(nanos, 1_000_000_000n));
    const offset = this.#zone.offsetAt(seconds + this.#zone.offsetAt(seconds));
    const [local = ''] = new Date((seconds + offset) * 1000)
      .toISOString()
      // A year beyond four digits has a sign, and as many digits as it needs.
      .replace(/^([+-])0{1,2}(?=\d{4})/, '$1')
      .split('.');
    const fraction = String(nanos - BigInt(seconds) * 1_000_000_000n)
      .padStart(9, '0')
      .replace(/0+$/, '');
    return `${local}${fraction === '' ? '' : `.${fraction}`}${offsetText(offset)}`;
  }

  /** What the clocks of the zone showed, as a moment. */
  #ofZone(nanos: bigint, unit: bigint): bigint {
    const offset = this.#zone.offsetAt(Number(floorDivide(nanos, 1_000_000_000n)));
    return floorDivide(nanos - BigInt(offset) * 1_000_000_000n, unit);
  }
}

function beyondNanos({ tuple, column, schema: { optional } }: ColumnNode, { name: table, columns }: RowSchema): CellFault {
  const name = columns[column]?.name ?? '';
  const options = { remedy: 'Correct the row, or choose another time.precision.mode.', details: { table, column: name } };
  return new CellFault(`Column "${name}" of "${table}": not a timestamp in nanoseconds: outside the years 1677 to 2262.`, options, {
    tuple,
    column,
    nullable: optional,
  });
}

/** `06:49:58.7+02`, or with `Z`, elsewhere. */
function timeAt(text: string, offset: number): string {
  const [, hours, minutes, seconds, fraction = '', sign, ...zone] =
    /^(\d\d):(\d\d):(\d\d)(\.\d+)?(?:Z|([+-])(\d\d)(?::(\d\d))?(?::(\d\d))?)$/.exec(text) ?? [];
  if (hours === undefined)
    throw new ConnectError('data.value', 'A transform cannot read a time of day with its zone.', { remedy: 'Correct the row.' });
  const [zoneHours = 0, zoneMinutes = 0, zoneSeconds = 0] = zone.map((part) => Number(part ?? 0));
  const own = (sign === '-' ? -1 : 1) * (zoneHours * 3600 + zoneMinutes * 60 + zoneSeconds);
  const moved = Number(hours) * 3600 + Number(minutes) * 60 + Number(seconds) - own + offset;
  const local = (moved + 3 * 86_400) % 86_400;
  const digits = fraction.replace(/\.?0+$/, '');
  return `${two(local / 3600)}:${two((local % 3600) / 60)}:${two(local % 60)}${digits}${offsetText(offset)}`;
}

function two(part: number): string {
  return String(Math.floor(part)).padStart(2, '0');
}

function offsetText(seconds: number): string {
  if (seconds === 0) return 'Z';
  const size = Math.abs(seconds);
  // Before zones had whole minutes.
  const rest = size % 60 === 0 ? '' : `:${two(size % 60)}`;
  return `${seconds < 0 ? '-' : '+'}${two(size / 3600)}:${two((size % 3600) / 60)}${rest}`;
}

/** As in Debezium a prefix holds for the items that follow it, too: `source:a:x,b:y`. */
function parseRules(items: readonly string[], key: string): Rule[] {
  let prefix: Rule['of'] = null;
  return items.map((item): Rule => {
    const parts = item.split(':').map((part) => part.trim());
    const first = parts[0]?.toLowerCase();
    if (parts.length > 1 && (first === 'source' || first === 'topic')) {
      prefix = first;
      parts.shift();
    }
    const [name = '', field = null, ...rest] = parts;
    if (name === '' || field === '' || rest.length > 0) throw invalid(key, item, `write rules ${rules}`);
    return { of: prefix, name, field };
  });
}

function tableOf(shape: Shape): string {
  const source = shape.value.kind === 'struct' ? findField(shape.value, 'source') : null;
  const table = source?.kind === 'struct' ? findField(source, 'table') : null;
  return table?.kind === 'constant' ? String(table.value) : shape.schema.name.slice(shape.schema.name.lastIndexOf('.') + 1);
}
