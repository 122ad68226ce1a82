import { CellState, type TupleView } from '../../record/tuple-view.ts';
import { ByteRegister } from '../../text/value-register.ts';
import { checkProperties } from './arg-properties.ts';
import { faulty } from './avro-type.ts';
import { CellCompiler } from './cell-compiler.ts';
import type { CellGenerator } from './cell-generator.ts';
import type { JavaRandom } from './java-random.ts';
import { appendInteger } from './number-text.ts';
import { optionText } from './option-text.ts';
import { seedFor } from './row-seed.ts';
import type { Life } from './scenario-life.ts';
import type { ScenarioPath, ScenarioTable } from './scenario-spec.ts';
import type { ScenarioTimes } from './scenario-times.ts';

/** Where a column's value comes from at one step of a path. */
type CellPlan =
  | { readonly from: 'key' }
  | { readonly from: 'reference' }
  | { readonly from: 'born' }
  | { readonly from: 'changed' }
  /** Made from random numbers of this stream; another stream gives another value. */
  | { readonly from: 'random'; readonly cells: CellGenerator; readonly stream: number }
  /** Null for null. */
  | { readonly from: 'text'; readonly text: Uint8Array | null };

/** Which row, and after which step of its life. */
export interface RowState {
  readonly row: number;
  readonly life: Life;
  readonly step: number;
  readonly seed: readonly [high: number, low: number];
}

/** Writes the rows of one table as they are after any step of their lives, without knowing anything of earlier rows. */
export class ScenarioRows {
  /** By path, step and column. */
  readonly #plans: readonly (readonly (readonly CellPlan[])[])[];
  readonly #table: number;
  readonly #columns: number;

  /** Throws `config.invalid` where a value can neither be made nor set. */
  constructor(spec: ScenarioTable, table: number) {
    this.#table = table;
    this.#columns = spec.record.fields.length;
    const compiler = new CellCompiler();
    const birth = spec.record.fields.map((field, column): CellPlan => {
      const place = `table "${spec.name}", column "${field.name}"`;
      const moment = spec.moments.get(column);
      if (column === spec.key) return { from: 'key' };
      if (spec.references.has(column)) return { from: 'reference' };
      if (moment !== undefined) return { from: moment };
      return { from: 'random', cells: compiler.cells(field.type, place, true), stream: column };
    });
    if (compiler.counters.length > 0) throw faulty(`table "${spec.name}"`, '"iteration" has no meaning in a scenario: the key counts rows');
    checkProperties(spec.record.properties, [], `table "${spec.name}"`);
    this.#plans = spec.paths.map((path) => plansOf(path, birth, spec));
  }

  /** The row as it is after its step; the text of every column is appended to `out`. */
  write({ row, life, step, seed }: RowState, times: ScenarioTimes, random: JavaRandom, into: TupleView, out: ByteRegister): void {
    const plans = this.#plans[life.path]?.[step] ?? [];
    for (let column = 0; column < this.#columns; column += 1) {
      const plan = plans[column] as CellPlan;
      into.start[column] = out.length;
      into.state[column] = CellState.TEXT;
      switch (plan.from) {
        case 'key':
          appendInteger(out, row + 1);
          break;
        case 'reference':
          appendInteger(out, (life.references.get(column) ?? 0) + 1);
          break;
        case 'born':
          appendInteger(out, times.at(life.turns[0] ?? 0));
          break;
        case 'changed':
          appendInteger(out, times.at(life.turns[step] ?? 0));
          break;
        case 'random':
          seedFor(random, seed[0], seed[1], this.#table, row, plan.stream);
          if (!plan.cells.write(random, out)) into.state[column] = CellState.NULL;
          break;
        case 'text':
          if (plan.text === null) into.state[column] = CellState.NULL;
          else out.append(plan.text, 0, plan.text.length);
      }
      into.end[column] = out.length;
    }
    into.count = this.#columns;
    into.bytes = out.bytes;
  }
}

/** After so many columns the streams of the first remake begin. */
const remakeStream = 0x1_0000;

function plansOf(path: ScenarioPath, birth: readonly CellPlan[], spec: ScenarioTable): (readonly CellPlan[])[] {
  const plans = [birth];
  for (const [at, { set, isDelete }] of path.steps.entries()) {
    const before = plans[at] ?? birth;
    if (isDelete) break;
    plans.push(
      before.map((plan, column): CellPlan => {
        const field = spec.record.fields[column];
        const change = field === undefined ? undefined : set[field.name];
        const made = birth[column];
        if (field === undefined || change === undefined || made?.from !== 'random') return plan;
        if (change === 'again') return { ...made, stream: column + (at + 1) * remakeStream };
        const text = optionText(field.type, change.value, `table "${spec.name}", column "${field.name}"`);
        return { from: 'text', text: text === null ? null : Buffer.from(text, 'utf8') };
      }),
    );
  }
  return plans;
}
