import { ConnectError } from '../../base/errors.ts';
import { TupleRef } from '../../record/change.ts';
import { nextRowSchemaId, type Column, type RowSchema } from '../../record/row-schema.ts';
import type { LiteralValue, Schema } from '../../record/schema.ts';
import type { HeaderNode, Node, Shape } from '../../record/shape.ts';
import { CellTime } from './cell-time.ts';
import { toColumn, type CsvColumn } from './csv-columns.ts';
import type { CsvField } from './csv-fields.ts';
import { CellMake, CsvProjection, type ProjectedCell, type ShiftAnchor, type TimestampCell } from './csv-projection.ts';
import { CellForm, csvType, isNumeric, isText } from './csv-type.ts';
import type { NumberForm } from './number-form.ts';

export interface CsvShapeNames {
  readonly topic: string;
  readonly value: string;
  readonly key: string;
}

/** What a key or a value is: a struct of its fields, the one field itself, or all fields joined to one text. */
export type RecordForm = 'record' | 'single' | 'joined';

export interface CsvShapeOptions {
  readonly names: CsvShapeNames;
  readonly keyFields: readonly CsvField[];
  readonly keyForm: RecordForm;
  /** Null: all columns as they are. */
  readonly valueFields: readonly CsvField[] | null;
  readonly valueForm: RecordForm;
  readonly separator: string;
  /** The first becomes the present moment, the others keep their distance to it. */
  readonly shiftFields: readonly string[];
  /** From which the record's time is taken; null: the clock. */
  readonly timestampField: CsvField | null;
  readonly headers: readonly HeaderNode[];
  /** How cells of numbers are written; null: as programs write them. */
  readonly numbers: NumberForm | null;
}

export interface CsvPlan {
  readonly shape: Shape;
  /** Null: the rows of the file are the rows of the shape. */
  readonly projection: CsvProjection | null;
  readonly timestamp: TimestampCell | null;
}

/** Key and value made of the columns of a file, flat and without envelope. Throws `file.unreadable` for a column that is not there. */
export function csvShape(columns: readonly CsvColumn[], options: CsvShapeOptions): CsvPlan {
  return new ShapeBuilder(columns, options).build();
}

class ShapeBuilder {
  readonly #file: readonly CsvColumn[];
  readonly #options: CsvShapeOptions;
  readonly #columns: Column[] = [];
  readonly #cells: ProjectedCell[] = [];
  readonly #made = new Map<string, number>();

  constructor(file: readonly CsvColumn[], options: CsvShapeOptions) {
    this.#file = file;
    this.#options = options;
  }

  build(): CsvPlan {
    const { names, keyFields, keyForm, valueForm, timestampField, headers } = this.#options;
    const fields = this.#options.valueFields ?? this.#file.map(({ name }) => plainField(name));
    const value = this.#part(fields, valueForm, names.value, TupleRef.AFTER);
    const key = keyFields.length === 0 ? null : this.#part(keyFields, keyForm, names.key, TupleRef.ROW);
    const timestamp = timestampField === null ? null : this.#timestamp(timestampField);
    const keyColumns = keyFields.flatMap((field) => (field.column === null ? [] : [this.#column(this.#resolve(field), false)]));
    const schema: RowSchema = { id: nextRowSchemaId(), name: names.topic, columns: this.#columns, key: Uint16Array.from(keyColumns) };
    const isSame =
      this.#cells.length === this.#file.length && this.#cells.every((cell, at) => cell.cell === at && cell.make === CellMake.COPY);
    return {
      shape: { topic: names.topic, key, value, headers, schema },
      projection: isSame ? null : new CsvProjection(this.#cells, this.#anchor(), this.#options.numbers),
      timestamp,
    };
  }

  #part(fields: readonly CsvField[], form: RecordForm, name: string, tuple: TupleRef): Node {
    if (form === 'joined') return this.#joined(fields, tuple);
    const nodes = fields.map((field) => ({ name: field.name, node: this.#node(field, tuple) }));
    const [first] = nodes;
    if (form === 'single') {
      if (nodes.length === 1 && first !== undefined) return first.node;
      throw new ConnectError('config.invalid', `The form "single" is for one field, and ${nodes.length} are given.`, {
        remedy: 'Name one field, or use the form record or joined.',
      });
    }
    const schema: Schema = {
      type: 'struct',
      optional: false,
      name,
      fields: nodes.map(({ name: field, node }) => ({ name: field, schema: node.schema })),
    };
    return { kind: 'struct', schema, fields: nodes, presence: null };
  }

  #node(field: CsvField, tuple: TupleRef): Node {
    if (field.constant !== null) return constantNode(field, field.constant);
    const resolved = this.#resolve(field);
    const column = this.#column(resolved, false);
    const { schema } = toColumn(resolved);
    return { kind: 'column', schema, tuple, column };
  }

  #joined(fields: readonly CsvField[], tuple: TupleRef): Node {
    const parts: (number | Uint8Array)[] = [];
    for (const [at, field] of fields.entries()) {
      if (at > 0 && this.#options.separator !== '') parts.push(Buffer.from(this.#options.separator));
      if (field.constant !== null) parts.push(Buffer.from(field.constant));
      // Joined cells stay as they are in the file, unless a type with a form of its own asks for another.
      else parts.push(this.#column({ ...this.#resolve(field), type: field.type ?? 'string' }, true));
    }
    const schema: Schema = { type: 'string', optional: false };
    const column = this.#columns.push(toColumn({ name: fields.map((field) => field.name).join('+'), type: 'string', optional: false })) - 1;
    this.#cells.push({ cell: -1, make: CellMake.JOINED, isText: true, time: null, shifted: false, parts });
    return { kind: 'column', schema, tuple, column };
  }

  /** The column of the shape's rows for a column of the file under a type; made once. */
  #column(column: CsvColumn, isJoined: boolean): number {
    const cell = this.#file.findIndex((each) => each.name === column.name);
    const shifted = this.#options.shiftFields.includes(column.name);
    const signature = JSON.stringify([cell, column.type, isJoined]);
    const found = this.#made.get(signature);
    if (found !== undefined) return found;
    const { form, pattern, zone } = csvType(column.type);
    const isArray = form === CellForm.ARRAY;
    const written = form !== CellForm.AS_IS && !isArray ? form : shiftedForm(column.type);
    const time = shifted || (form !== CellForm.AS_IS && !isArray) ? new CellTime({ form: written, pattern, zone }) : null;
    const isNumber = this.#options.numbers !== null && !isJoined && isNumeric(column.type);
    const plain = isArray ? CellMake.ARRAY : isNumber ? CellMake.NUMBER : CellMake.COPY;
    const make = time === null ? plain : isArray ? CellMake.TIME_ARRAY : CellMake.TIME;
    const index = this.#columns.push(toColumn(column)) - 1;
    this.#cells.push({ cell, make, isText: isText(column.type), time, shifted, parts: [] });
    this.#made.set(signature, index);
    return index;
  }

  #resolve(field: CsvField): CsvColumn {
    const column = this.#file.find((each) => each.name === field.column);
    if (column === undefined) throw noColumn(field.column ?? '', this.#file);
    return field.type === null ? column : { name: column.name, type: field.type, optional: field.optional };
  }

  #anchor(): ShiftAnchor | null {
    const [name] = this.#options.shiftFields;
    if (name === undefined) return null;
    const cell = this.#file.findIndex((each) => each.name === name);
    if (cell < 0) throw noColumn(name, this.#file);
    const typed = [...(this.#options.valueFields ?? []), ...this.#options.keyFields].find((field) => field.column === name)?.type;
    const { pattern, zone } = csvType(typed ?? this.#file[cell]?.type ?? 'timestamp');
    return { cell, time: new CellTime({ form: CellForm.TIMESTAMP, pattern, zone }) };
  }

  #timestamp(field: CsvField): TimestampCell {
    const resolved = this.#resolve(field);
    const { pattern, zone } = csvType(field.type ?? 'datetime_text');
    // A shift writes the time anew, in the form of ISO 8601 and in its own zone.
    const shifted = this.#options.shiftFields.includes(resolved.name);
    const type = !shifted ? 'string' : pattern === null ? 'datetime_text' : `datetime_text("${pattern}",${zone})`;
    const column = this.#column({ ...resolved, type }, false);
    return { column, time: new CellTime({ form: CellForm.TIMESTAMP, pattern: shifted ? null : pattern, zone }) };
  }
}

/** In which form a column without one of its own is written after a shift. */
function shiftedForm(type: string): CellForm {
  return type === 'date' ? CellForm.DATE : type === 'timestamptz' ? CellForm.ZONED : CellForm.TIMESTAMP;
}

function constantNode(field: CsvField, text: string): Node {
  const type = field.type ?? 'string';
  const schema: Schema = { ...csvType(type).schema, optional: field.optional };
  return { kind: 'constant', schema, value: constantValue(field.name, type, text) };
}

function constantValue(name: string, type: string, text: string): LiteralValue {
  if (type === 'string') return text;
  if (type === 'boolean' && /^(true|false)$/i.test(text)) return text.toLowerCase() === 'true';
  if ((type === 'int' || type === 'short') && /^-?\d{1,10}$/.test(text)) return Number(text);
  if (type === 'long' && /^-?\d{1,19}$/.test(text)) return BigInt(text);
  if ((type === 'float' || type === 'double') && text !== '' && Number.isFinite(Number(text))) return Number(text);
  throw new ConnectError('config.invalid', `The constant of field "${name}" is no ${type}.`, {
    remedy: 'Constants are string, boolean, short, int, long, float or double.',
  });
}

export function plainField(name: string): CsvField {
  return { column: name, constant: null, type: null, optional: false, name };
}

export function noColumn(name: string, columns: readonly CsvColumn[]): ConnectError {
  return new ConnectError('file.unreadable', `There is no column "${name}" in the file.`, {
    remedy: `Name only columns of the file: ${columns.map((column) => column.name).join(', ')}.`,
  });
}

/** A topic's name as a Connect schema name: dots separate, everything Avro does not take becomes `_`. */
export function schemaNameOf(topic: string): string {
  return topic
    .split('.')
    .map((part) => part.replaceAll(/[^A-Za-z0-9_]/g, '_').replace(/^(?=\d|$)/, '_'))
    .join('.');
}
