import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { ConnectError, classify, describeError } from '../../src/base/errors.ts';
import { Config } from '../../src/connect/config.ts';
import { Stage } from '../../src/connect/dead-letter.ts';
import type { FailedRecord } from '../../src/connect/dead-letter.ts';
import { FailureLog, createErrorTolerance, enrichFailure, isTolerable, noTolerance } from '../../src/connect/error-tolerance.ts';
import { captureLog } from '../support/capture-log.ts';
import { ManualClock } from '../support/manual-clock.ts';

const failed: FailedRecord = {
  connector: 'rides',
  taskId: 0,
  stage: Stage.KEY_CONVERTER,
  topic: 'rides',
  position: 'rides.csv line 12',
  error: new ConnectError('data.value', 'Column "id" holds no number.', { remedy: 'Mend the line.', details: { line: 12 } }),
  raw: null,
  key: null,
};

describe('error tolerance', () => {
  it('reads the errors.* keys, and is strict without them', () => {
    assert.deepEqual(createErrorTolerance(Config.of({})), noTolerance);
    assert.deepEqual(
      createErrorTolerance(Config.of({ 'errors.tolerance': 'ALL', 'errors.log.enable': 'true', 'errors.deadletterqueue.topic.name': '' })),
      {
        ...noTolerance,
        tolerate: 'all',
        log: true,
      },
    );
  });

  it('covers bad data, and nothing else', () => {
    const all = { ...noTolerance, tolerate: 'all' } as const;
    assert.ok(isTolerable(failed.error, all));
    assert.ok(!isTolerable(failed.error, noTolerance));
    for (const error of [new TypeError('x'), new ConnectError('internal', 'x'), new ConnectError('registry.unreachable', 'x')])
      assert.ok(!isTolerable(error, all));
  });

  it('a failure names connector, place, topic and stage once, and keeps code, reason and remedy', () => {
    const failure = enrichFailure(failed);
    assert.equal(classify(failure), 'fail');
    assert.equal(
      describeError(failure),
      'Connector "rides" stopped at rides.csv line 12 for topic "rides" in KEY_CONVERTER. Caused by: Column "id" holds no number. Remedy: Mend the line.',
    );
    assert.deepEqual(failure.details, { line: 12, connector: 'rides', task: 0, stage: 'KEY_CONVERTER' });
  });

  it('the log has a bound per window and says how much it left out', () => {
    const { log, lines } = captureLog();
    const clock = new ManualClock();
    const failures = new FailureLog({ ...noTolerance, tolerate: 'all', log: true }, clock, log);
    const written = Array.from({ length: 80 }, () => failures.record(failed));
    assert.equal(written.filter(Boolean).length, 50);
    assert.equal(lines.length, 50);
    void clock.advance(10_000);
    assert.ok(failures.record(failed));
    assert.equal(lines.at(-1)?.['omitted'], 30);
    assert.ok(failures.record(failed));
    assert.equal(lines.at(-1)?.['omitted'], undefined);
  });

  it("Debezium's modes: told in warn, not in skip", () => {
    for (const [mode, told] of [
      ['warn', true],
      ['skip', false],
      ['ignore', false],
      ['fail', false],
    ] as const) {
      const { log, lines } = captureLog();
      const config = { 'event.converting.failure.handling.mode': mode, 'event.processing.failure.handling.mode': mode.toUpperCase() };
      const failures = new FailureLog(createErrorTolerance(Config.of(config)), new ManualClock(), log);
      assert.deepEqual([failures.nulled(failed), failures.passOver(failed), failures.record(failed)], [told, told, false], mode);
      assert.equal(lines.length, told ? 2 : 0);
    }
  });

  it('the text of a row is logged only when asked for', () => {
    const { log, lines } = captureLog();
    const raw = { ...failed, raw: Buffer.from('1;x;y') };
    const tolerance = { ...noTolerance, tolerate: 'all', log: true } as const;
    new FailureLog(tolerance, new ManualClock(), log).record(raw);
    new FailureLog({ ...tolerance, logMessages: true }, new ManualClock(), log).record(raw);
    new FailureLog({ ...tolerance, log: false }, new ManualClock(), log).record(raw);
    assert.deepEqual(
      lines.map((line) => line['raw']),
      [undefined, '1;x;y'],
    );
  });
});
