import assert from 'node:assert/strict';
import { test } from 'node:test';

import { ByteSink } from '../../../src/base/byte-sink.ts';
import { JsonConverter } from '../../../src/json/json-converter.ts';
import type { Change } from '../../../src/record/change.ts';
import { watermarkPrefix } from '../../../src/sources/postgres/adhoc/watermarks.ts';
import { LogicalMessages } from '../../../src/sources/postgres/logical-messages.ts';
import { createChange } from '../../../src/sources/postgres/stream-run.ts';
import { CollectingOutlet } from '../../support/collecting-outlet.ts';
import { testSettings } from './test-settings.ts';

type Options = ConstructorParameters<typeof JsonConverter>[0];

/** The record of one message as JSON. */
async function recordOf(content: Uint8Array, settings: Readonly<Record<string, string>>): Promise<Record<string, unknown>> {
  const { change, registers } = createChange(() => 'here');
  registers.outsideTransaction(0, 0, 0);
  registers.setProcessingTime(0);
  registers.setLsn(0, 1);
  const out = new CollectingOutlet();
  const messages = new LogicalMessages(testSettings(settings), change, out);
  await messages.declare();
  const [shape] = out.shapes;
  assert.ok(shape !== undefined);
  const converter = new JsonConverter({ schemasEnable: false, decimalNumeric: true, nullForDefault: false } as Options);
  const encoder = converter.compileNow(shape.value, { topic: shape.topic, part: 'value', schema: shape.schema });
  const sink = new ByteSink(Buffer.alloc(4096));
  out.emit = (emitted: Change) => {
    encoder.encode(emitted, sink);
    return true;
  };
  messages.hold('note', content, 0, content.length);
  messages.emit();
  const record = JSON.parse(sink.bytes.toString('utf8', 0, sink.at)) as { op: string; message: Record<string, unknown>; source: object };
  assert.deepEqual([record.op, (record.source as { table?: unknown }).table], ['m', '']);
  return record.message;
}

test("marks of snapshots in the log are nobody's messages", () => {
  const messages = new LogicalMessages(testSettings(), createChange(() => 'here').change, new CollectingOutlet());
  assert.deepEqual([messages.accepts('note'), messages.accepts(watermarkPrefix)], [true, false]);
});

test('the content of a message is written as binary.handling.mode says', async () => {
  const content = Uint8Array.of(0xfb, 0xef, 0, 1);
  for (const [mode, text] of [
    ['bytes', '++8AAQ=='],
    ['base64', '++8AAQ=='],
    ['base64-url-safe', '--8AAQ=='],
    ['hex', 'fbef0001'],
  ] as const) {
    assert.deepEqual(await recordOf(content, { 'binary.handling.mode': mode }), { prefix: 'note', content: text }, mode);
  }
  assert.deepEqual(await recordOf(new Uint8Array(0), { 'binary.handling.mode': 'hex' }), { prefix: 'note', content: '' });
});
