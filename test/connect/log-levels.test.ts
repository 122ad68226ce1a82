import assert from 'node:assert/strict';
import { Writable } from 'node:stream';
import { test } from 'node:test';

import pino from 'pino';

import { systemClock } from '../../src/base/clock.ts';
import { LogLevels } from '../../src/connect/log-levels.ts';

test('a changed level counts for the loggers that it names, those that are there and connectors that come later', () => {
  const lines: { readonly msg: string }[] = [];
  const written = new Writable({
    write: (chunk, _encoding, done) => {
      lines.push(JSON.parse(String(chunk)) as { msg: string });
      done();
    },
  });
  const log = pino({ level: 'info' }, written);
  const loggers = new LogLevels(log, systemClock);
  const [one, other] = [loggers.connector('one'), loggers.connector('other')];
  assert.equal(loggers.connector('one'), one, 'one for all incarnations');
  const wrote = (): string[] => {
    const from = lines.length;
    log.debug('worker');
    one.debug('one');
    other.debug('other');
    return lines.slice(from).map((line) => line.msg);
  };
  assert.deepEqual(wrote(), []);
  loggers.set('millrace.connectors.one', 'DEBUG');
  assert.deepEqual(wrote(), ['one']);
  loggers.set('io.debezium.connector.postgresql', 'debug');
  assert.deepEqual(wrote(), ['one', 'other']);
  loggers.connector('late').debug('late');
  assert.equal(lines.at(-1)?.msg, 'late');
  loggers.set('millrace.worker', 'TRACE');
  loggers.set('io.debezium', 'OFF');
  assert.deepEqual(wrote(), ['worker']);
  assert.deepEqual(loggers.set('nobody', 'INFO'), { unknown: 'logger' });
  assert.deepEqual(loggers.set('toString', 'INFO'), { unknown: 'logger' });
  assert.deepEqual(loggers.set('root', 'constructor'), { unknown: 'level' });
});
