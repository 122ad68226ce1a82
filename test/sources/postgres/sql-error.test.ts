import assert from 'node:assert/strict';
import { test } from 'node:test';

import { ConnectError, classify, type ErrorCode } from '../../../src/base/errors.ts';
import { sqlError } from '../../../src/sources/postgres/sql-error.ts';

function serverError(code: string): Error {
  return Object.assign(new Error('said by the server'), { code, severity: 'ERROR' });
}

test('SQLSTATE decides, by its whole or by its class', () => {
  const expected: Readonly<Record<string, ErrorCode>> = {
    '28P01': 'postgres.authentication',
    '28000': 'postgres.authentication',
    '3D000': 'config.invalid',
    '42501': 'postgres.privilege',
    '55006': 'postgres.slot-in-use',
    '53300': 'postgres.unreachable',
    '53200': 'postgres.busy',
    '55P03': 'postgres.busy',
    '57014': 'postgres.busy',
    '40001': 'postgres.busy',
    '40P01': 'postgres.busy',
    '53400': 'postgres.setting',
    '57P01': 'postgres.unreachable',
    '57P02': 'postgres.unreachable',
    '57P05': 'postgres.unreachable',
    '58030': 'postgres.unreachable',
    '57P03': 'postgres.unreachable',
    '08006': 'postgres.unreachable',
    '42P01': 'postgres.query',
    '22000': 'postgres.query',
  };
  for (const [state, code] of Object.entries(expected)) {
    const error = sqlError(serverError(state), { doing: 'testing' });
    assert.equal(error.code, code, state);
    assert.equal(error.details['sqlState'], state);
  }
});

test('a missing privilege is not retried for ever, a lost connection is', () => {
  for (const state of ['42501', '28P01', '28000']) assert.equal(classify(sqlError(serverError(state), { doing: 'testing' })), 'fail');
  for (const state of ['57P01', '40001']) assert.equal(classify(sqlError(serverError(state), { doing: 'testing' })), 'retry');
  for (const code of ['ECONNREFUSED', 'ECONNRESET', 'EPIPE', 'ENOTFOUND']) {
    assert.equal(classify(sqlError(Object.assign(new Error('socket'), { code }), { doing: 'testing' })), 'retry');
  }
  assert.equal(classify(sqlError(new Error('Connection terminated unexpectedly'), { doing: 'testing' })), 'retry');
});

test('a fault of this program stays one, and an error that is known stays as it is', () => {
  assert.equal(sqlError(new TypeError('undefined is not a function'), { doing: 'testing' }).code, 'internal');
  const known = new ConnectError('registry.schema', 'refused');
  assert.equal(sqlError(known, { doing: 'testing' }), known);
});

test('TLS failures say which of the settings to look at', () => {
  const error = sqlError(Object.assign(new Error('tls'), { code: 'DEPTH_ZERO_SELF_SIGNED_CERT' }), { doing: 'testing' });
  assert.equal(error.code, 'postgres.authentication');
  assert.match(error.remedy ?? '', /database\.sslrootcert/);
});
