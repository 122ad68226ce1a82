import assert from 'node:assert/strict';
import { test } from 'node:test';

import fc from 'fast-check';

import { ConnectError } from '../../../../src/base/errors.ts';
import { Change } from '../../../../src/record/change.ts';
import { nextRowSchemaId } from '../../../../src/record/row-schema.ts';
import { WaitingOutlet } from '../../../../src/sources/postgres/reselect/waiting-outlet.ts';
import { propertySettings } from '../../../support/property.ts';

interface Step {
  readonly kind: 'row' | 'lacking' | 'boundary' | 'reject' | 'wait';
  readonly room: boolean;
  readonly largeBytes: number;
}

const step: fc.Arbitrary<Step> = fc.record({
  kind: fc.constantFrom<Step['kind'][]>('row', 'row', 'lacking', 'lacking', 'boundary', 'reject', 'wait'),
  room: fc.boolean(),
  largeBytes: fc.constantFrom(0, 0, 0, 3_000_000),
});

/** A source that counts what it hands over as its position, and an outlet that notes at each item what that position was. */
class Stage {
  readonly taken: string[] = [];
  readonly wrong: string[] = [];
  readonly batches: number[] = [];
  position = 0;
  refuses = -1;
  readonly change = new Change({ id: nextRowSchemaId(), name: 't', columns: [], key: new Uint16Array(0) }, 1, () => 'there');
  readonly #lacking = new Set<number>();
  readonly #full: boolean[] = [];
  #drained: PromiseWithResolvers<void> | null = null;
  readonly outlet = new WaitingOutlet({
    out: {
      declare: async () => {},
      emit: (change) => this.#take(`row ${change.timestampMs}`),
      boundary: () => this.#take('boundary'),
      reject: (failure) => this.#take(failure.message),
      drained: async () => {
        if (this.#drained === null) return;
        await this.#drained.promise;
      },
    },
    filler: {
      rows: 3,
      lacks: (change) => this.#lacking.has(change.timestampMs),
      fill: async (changes) => {
        this.batches.push(changes.length);
        await new Promise(setImmediate);
        for (const each of changes) this.#lacking.delete(each.timestampMs);
        return changes.map(() => null);
      },
    },
    position: () => ({ at: this.position }),
    onLate: () => {},
  });

  #take(item: string): boolean {
    if (this.#drained !== null) this.wrong.push(`${item} came although the outlet was full`);
    const at = (this.outlet.offset?.['at'] as number | undefined) ?? this.position;
    // A boundary moves the position before it is told, a row when it has been taken.
    const expected = this.taken.length + (item === 'boundary' ? 1 : 0);
    if (at !== expected) this.wrong.push(`${item}: the position is ${at} instead of ${expected}`);
    if (this.#lacking.has(Number(item.split(' ')[1]))) this.wrong.push(`${item} was not filled`);
    if (this.taken.length === this.refuses) throw new ConnectError('data.value', 'refused');
    this.taken.push(item);
    if (this.#full.shift() !== true) return true;
    this.#drained = Promise.withResolvers();
    void Promise.resolve().then(() => {
      this.#drained?.resolve();
      this.#drained = null;
    });
    return false;
  }

  /** Answers what was handed over, in order. */
  async play(steps: readonly Step[]): Promise<string[]> {
    const given: string[] = [];
    for (const [at, { kind, room, largeBytes }] of steps.entries()) {
      let more = true;
      if (kind === 'wait') await new Promise(setImmediate);
      else if (kind === 'boundary') {
        given.push('boundary');
        this.position += 1;
        this.#full.push(!room);
        more = this.outlet.boundary();
      } else {
        this.#full.push(!room);
        if (kind === 'reject') more = this.outlet.reject(new ConnectError('data.row', `row ${at}`), null);
        else {
          this.change.timestampMs = at;
          this.change.after.bytes = new Uint8Array(largeBytes);
          this.change.after.count = 1;
          this.change.after.state[0] = 3;
          this.change.after.start[0] = 0;
          this.change.after.end[0] = largeBytes;
          if (kind === 'lacking') this.#lacking.add(at);
          more = this.outlet.emit(this.change);
        }
        this.position += 1;
        given.push(`row ${at}`);
      }
      if (!more) await this.outlet.drained();
    }
    return given;
  }

  async settled(count: number): Promise<void> {
    for (let turn = 0; turn < 1000 && this.taken.length < count; turn += 1) await new Promise(setImmediate);
  }
}

test('whatever waits, everything comes once and in order, filled, under the position of exactly what was handed over', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(step, { maxLength: 60 }), async (steps) => {
      const stage = new Stage();
      const given = await stage.play(steps);
      await stage.settled(given.length);
      assert.deepEqual(stage.taken, given);
      assert.deepEqual(stage.wrong, []);
      assert.equal(stage.outlet.offset, null, 'nothing waits any more');
    }),
    propertySettings(),
  );
});

test('rows that come in one run are looked up together, those behind them meanwhile', async () => {
  const stage = new Stage();
  const lacking: Step = { kind: 'lacking', room: true, largeBytes: 0 };
  const row: Step = { ...lacking, kind: 'row' };
  await stage.play([lacking, row, lacking, row, lacking, lacking, row]);
  await stage.settled(7);
  assert.deepEqual(stage.batches, [3, 1]);
});

test('a refused change ends the run with the position before it, and nothing follows', async () => {
  const stage = new Stage();
  stage.refuses = 2;
  const lacking: Step = { kind: 'lacking', room: true, largeBytes: 0 };
  await stage.play([lacking, lacking, lacking, lacking]);
  await assert.rejects(stage.outlet.failed, /refused/);
  assert.deepEqual(stage.taken, ['row 0', 'row 1']);
  assert.deepEqual(stage.outlet.offset, { at: 2 });
  await assert.rejects(stage.outlet.drained(), /refused/);
  assert.throws(() => stage.outlet.emit(stage.change), /refused/);
});

test('more than 8 MiB never wait', async () => {
  const stage = new Stage();
  let lagging = 0;
  const lacking: Step = { kind: 'lacking', room: true, largeBytes: 3_000_000 };
  for (let at = 0; at < 20; at += 1) {
    await stage.play([lacking]);
    lagging = Math.max(lagging, at + 1 - stage.taken.length);
  }
  assert.ok(lagging <= 4, `${lagging} rows waited`);
});

test('what waits when the source stops is forgotten, and the position stays in front of it', async () => {
  const stage = new Stage();
  await stage.play([{ kind: 'lacking', room: true, largeBytes: 0 }]);
  stage.outlet.close();
  for (let turn = 0; turn < 5; turn += 1) await new Promise(setImmediate);
  assert.deepEqual(stage.taken, []);
  assert.deepEqual(stage.outlet.offset, { at: 0 });
});
