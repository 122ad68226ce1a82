import { ConnectError } from '../../src/base/errors.ts';
import type { SourceContext, SourcePlugin } from '../../src/connect/plugin.ts';
import type { ChangeOutlet, Source } from '../../src/connect/source.ts';
import { Change, Op } from '../../src/record/change.ts';
import { ColumnKind } from '../../src/record/column-kind.ts';
import type { SourceOffset } from '../../src/record/offset.ts';
import { nextRowSchemaId, type RowSchema } from '../../src/record/row-schema.ts';
import type { Schema } from '../../src/record/schema.ts';
import type { Shape } from '../../src/record/shape.ts';
import { CellState } from '../../src/record/tuple-view.ts';

const long: Schema = { type: 'int64', optional: false };

/**
 * Counts up from where it stopped, one record `{"n":…}` every `pace.ms`, for as long as it runs. `fail` makes it break:
 * `unreachable` may pass, `leak` puts its own password into the message of a foreign error. `claim` has others stand still.
 */
class CountingSource implements Source {
  readonly #context: SourceContext;
  #position = 0;
  #moved = false;

  constructor(context: SourceContext) {
    this.#context = context;
  }

  async run(resumeFrom: readonly SourceOffset[], out: ChangeOutlet, signal: AbortSignal): Promise<void> {
    const { config, clock } = this.#context;
    this.#position = Number(resumeFrom[0]?.offset?.['position'] ?? 0);
    const fail = config.string('fail');
    if (fail === 'unreachable') throw new ConnectError('postgres.unreachable', 'nobody answers at counting.example:5432');
    if (fail === 'leak') throw new Error(`server said: login "${config.secret('password')?.reveal()}" refused`);
    if (config.boolean('claim')) this.#context.claimWay?.('it counts');
    const schema: RowSchema = {
      id: nextRowSchemaId(),
      name: 'counting',
      columns: [{ name: 'n', kind: ColumnKind.LONG, schema: long, scale: -1 }],
      key: new Uint16Array(0),
    };
    await out.declare(shapeOf(config.string('topic'), schema));
    const change = new Change(schema, 0, () => `number ${this.#position}`);
    change.op = Op.READ;
    while (!signal.aborted) {
      fill(change, this.#position + 1, clock.now());
      const room = out.emit(change);
      this.#position += 1;
      this.#moved = true;
      out.boundary();
      if (!room) await out.drained();
      await clock.sleep(config.int('pace.ms'), signal).catch(() => undefined);
    }
  }

  position(): readonly SourceOffset[] {
    if (!this.#moved) return [];
    this.#moved = false;
    return [{ partition: { counter: 'one' }, offset: { position: this.#position } }];
  }

  confirm(): void {}

  canWait(): boolean {
    return this.#context.config.boolean('can.wait');
  }

  close(): Promise<void> {
    // As a question to a server does that was under way, and answered late.
    if (this.#context.config.boolean('claim')) this.#context.claimWay?.('it counted');
    return Promise.resolve();
  }
}

function fill(change: Change, value: number, nowMs: number): void {
  const { after } = change;
  after.bytes = Buffer.from(String(value));
  after.count = 1;
  after.state[0] = CellState.TEXT;
  after.start[0] = 0;
  after.end[0] = after.bytes.length;
  change.timestampMs = nowMs;
}

function shapeOf(topic: string, schema: RowSchema): Shape {
  const value: Schema = { type: 'struct', optional: false, name: 'Counting', fields: [{ name: 'n', schema: long }] };
  const node = { kind: 'column', schema: long, tuple: 2, column: 0 } as const;
  return { topic, schema, key: null, headers: [], value: { kind: 'struct', schema: value, presence: null, fields: [{ name: 'n', node }] } };
}

export const countingSourcePlugin: SourcePlugin = {
  className: 'test.CountingConnector',
  aliases: [],
  version: '1.0',
  configKeys: [
    { name: 'topic', type: 'STRING', doc: 'Where the numbers go.', importance: 'HIGH', group: 'Counting' },
    { name: 'pace.ms', type: 'INT', default: '1', min: 0, doc: 'Pause between two numbers.', group: 'Counting' },
    { name: 'fail', type: 'STRING', default: 'no', oneOf: ['no', 'unreachable', 'leak'], doc: 'How to break.', group: 'Counting' },
    { name: 'claim', type: 'BOOLEAN', default: 'false', doc: 'Whether it needs the way for itself.', group: 'Counting' },
    { name: 'can.wait', type: 'BOOLEAN', default: 'true', doc: 'Whether nothing is lost when it stands still.', group: 'Counting' },
    { name: 'password', type: 'PASSWORD', default: null, doc: 'A secret.', group: 'Counting' },
    { name: 'old.option', type: 'STRING', default: null, doc: 'Nothing.', ignored: 'it never did anything' },
  ],
  validate: (config) => (config.string('topic') === 'forbidden' ? [{ key: 'topic', message: 'The topic forbidden is forbidden.' }] : []),
  create: (context) => new CountingSource(context),
};
