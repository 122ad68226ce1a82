import type { Column, RowSchema } from '../../record/row-schema.ts';
import type { Schema } from '../../record/schema.ts';
import type { FieldNode, HeaderNode, Node, Shape, StructNode } from '../../record/shape.ts';
import { TupleRef } from '../../record/change.ts';
import { CellState, type TupleView } from '../../record/tuple-view.ts';
import { ByteRegister } from '../../text/value-register.ts';
import { faulty, type AvroRecord } from './avro-type.ts';
import { checkProperties } from './arg-properties.ts';
import { CellCompiler, type Counter } from './cell-compiler.ts';
import { OptionCells, type CellGenerator } from './cell-generator.ts';
import { columnOf, connectSchema, structSchema } from './connect-schema.ts';
import type { JavaRandom } from './java-random.ts';
import type { JsonValue } from './json-value.ts';
import { optionText, optionsOf } from './option-text.ts';

/** Registers of a generated change, which its headers are made of. */
export const GeneratorRegister = { GENERATION: 0, TASK: 1, ITERATION: 2 } as const;

/** One step of making a row: the next cells, from left to right. */
type RowStep = CellGenerator | RowChoice;

/** Cells of one record that belong together: a record of whole options. */
class RowChoice {
  readonly columns: number;
  readonly #choices: readonly (readonly OptionCells[])[];

  constructor(choices: readonly (readonly (string | null)[])[]) {
    this.columns = choices[0]?.length ?? 0;
    this.#choices = choices.map((texts) => texts.map((text) => new OptionCells([text])));
  }

  pick(random: JavaRandom): readonly OptionCells[] {
    return this.#choices[random.below(this.#choices.length)] as readonly OptionCells[];
  }
}

/** A schema made ready: the shape of its records, and what fills a row. */
export interface RowPlan {
  readonly shape: Shape;
  readonly rows: RowGenerator;
  readonly counters: readonly Counter[];
}

/** Fills rows, cell by cell, into one buffer that is used again for every row. */
export class RowGenerator {
  readonly #steps: readonly RowStep[];
  readonly #out = new ByteRegister();
  #column = 0;

  constructor(steps: readonly RowStep[]) {
    this.#steps = steps;
  }

  fill(random: JavaRandom, tuple: TupleView): void {
    this.#out.length = 0;
    this.#column = 0;
    for (let at = 0; at < this.#steps.length; at += 1) {
      const step = this.#steps[at] as RowStep;
      if (step instanceof RowChoice) {
        const cells = step.pick(random);
        for (let cell = 0; cell < cells.length; cell += 1) this.#cell(cells[cell] as CellGenerator, random, tuple);
      } else this.#cell(step, random, tuple);
    }
    tuple.count = this.#column;
    tuple.bytes = this.#out.bytes;
  }

  #cell(cells: CellGenerator, random: JavaRandom, tuple: TupleView): void {
    const start = this.#out.length;
    tuple.state[this.#column] = cells.write(random, this.#out) ? CellState.TEXT : CellState.NULL;
    tuple.start[this.#column] = start;
    tuple.end[this.#column] = this.#out.length;
    this.#column += 1;
  }
}

/**
 * Records that are always there become structs of columns of their own, so that transforms reach their fields; records
 * that may be null, and those inside arrays and maps, are one column. Throws `config.invalid`.
 */
export function planRows(record: AvroRecord, topic: string, keyField: string | null, id: number): RowPlan {
  const builder = new RowBuilder();
  const value = builder.struct(record, '', TupleRef.AFTER, optionsOf(record, 'the schema'));
  const key = keyField === null ? null : keyNode(value, keyField);
  const columns = builder.columns;
  const schema: RowSchema = { id, name: topic, columns, key: keyColumns(key) };
  return {
    shape: { topic, key, value, headers: generatorHeaders, schema },
    rows: new RowGenerator(builder.steps),
    counters: builder.compiler.counters,
  };
}

class RowBuilder {
  readonly columns: Column[] = [];
  readonly steps: RowStep[] = [];
  readonly compiler = new CellCompiler();

  /** `options`: of the record itself, or the part of an enclosing one's that is this record's; null: fields are made one by one. */
  struct(record: AvroRecord, path: string, tuple: TupleRef, options: readonly JsonValue[] | null): StructNode {
    checkProperties(record.properties, ['options'], path === '' ? 'the schema' : `field "${path}"`);
    if (options !== null) this.steps.push(new RowChoice(options.map((option) => this.#texts(record, option, path))));
    return this.#fields(record, path, tuple, options === null);
  }

  #fields(record: AvroRecord, path: string, tuple: TupleRef, isMade: boolean): StructNode {
    const fields = record.fields.map((field): FieldNode => {
      const own = path === '' ? field.name : `${path}.${field.name}`;
      if (field.type.kind === 'record') {
        const options = isMade ? optionsOf(field.type, `field "${own}"`) : null;
        const node = isMade ? this.struct(field.type, own, tuple, options) : this.#fields(field.type, own, tuple, false);
        return { name: field.name, node };
      }
      const place = `field "${own}"`;
      const schema = connectSchema(field.type, place);
      const column = this.columns.push(columnOf(field.name, schema, place)) - 1;
      if (isMade) this.steps.push(this.compiler.cells(field.type, place, true));
      return { name: field.name, node: { kind: 'column', schema, tuple, column } };
    });
    const schemas = fields.map((field): Schema => field.node.schema);
    return { kind: 'struct', schema: structSchema(record, schemas), fields, presence: null };
  }

  /** One text for each column of the record, in the order in which `#fields` makes columns. */
  #texts(record: AvroRecord, option: JsonValue, path: string): (string | null)[] {
    const members =
      option !== null && typeof option === 'object' && !Array.isArray(option) ? (option as { [name: string]: JsonValue }) : null;
    if (members === null) throw faulty(path === '' ? 'the schema' : `field "${path}"`, 'an option of a record is no object');
    const stray = Object.keys(members).find((name) => !record.fields.some((field) => field.name === name));
    if (stray !== undefined)
      throw faulty(path === '' ? 'the schema' : `field "${path}"`, `an option has the field "${stray}", which the record has not`);
    return record.fields.flatMap((field) => {
      const own = path === '' ? field.name : `${path}.${field.name}`;
      const value = members[field.name] ?? null;
      return field.type.kind === 'record' ? this.#texts(field.type, value, own) : [optionText(field.type, value, `field "${own}"`)];
    });
  }
}

/** The key is the field as it is in the value. */
function keyNode(value: StructNode, keyField: string): Node {
  const field = value.fields.find((each) => each.name === keyField);
  if (field === undefined) {
    const names = value.fields.map((each) => each.name).join(', ');
    throw faulty('schema.keyfield', `The schema does not contain the field provided in 'schema.keyfield': "${keyField}"; it has ${names}`);
  }
  return toRow(field.node);
}

function toRow(node: Node): Node {
  if (node.kind === 'column') return { ...node, tuple: TupleRef.ROW };
  if (node.kind !== 'struct') return node;
  return { ...node, fields: node.fields.map((field) => ({ name: field.name, node: toRow(field.node) })) };
}

function keyColumns(key: Node | null): Uint16Array {
  const columns = (node: Node): number[] =>
    node.kind === 'column' ? [node.column] : node.kind === 'struct' ? node.fields.flatMap((field) => columns(field.node)) : [];
  return Uint16Array.from(key === null ? [] : columns(key));
}

/** What every generated record tells of itself. */
export const generatorHeaders: readonly HeaderNode[] = (
  [
    ['task.generation', GeneratorRegister.GENERATION],
    ['task.id', GeneratorRegister.TASK],
    ['current.iteration', GeneratorRegister.ITERATION],
  ] as const
).map(([name, register]) => ({
  name,
  node: { kind: 'register', schema: { type: 'int64', optional: false }, register, holds: 'int64' },
  ops: null,
  presence: null,
}));
