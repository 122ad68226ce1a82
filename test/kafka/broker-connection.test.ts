import assert from 'node:assert/strict';
import { once } from 'node:events';
import type { Socket } from 'node:net';
import { createServer } from 'node:net';
import { test } from 'node:test';
import type { TestContext } from 'node:test';
import fc from 'fast-check';
import type { Clock } from '../../src/base/clock.ts';
import { systemClock } from '../../src/base/clock.ts';
import { Secret } from '../../src/base/secret.ts';
import { brokerApi } from '../../src/kafka/broker-api.ts';
import type { BrokerConnectionOptions } from '../../src/kafka/broker-connection.ts';
import { BrokerConnection } from '../../src/kafka/broker-connection.ts';
import { RequestWriter } from '../../src/kafka/request-writer.ts';
import { ResponseReader } from '../../src/kafka/response-reader.ts';
import { ManualClock } from '../support/manual-clock.ts';

interface Asked {
  readonly key: number;
  readonly correlationId: number;
  readonly body: Buffer;
}

/** What a broker sends back for a request, and when. */
type Answerer = (asked: Asked, socket: Socket) => void;

const echoApi = brokerApi<[Buffer], Buffer | null>(
  1000,
  1,
  (request, bytes) => request.appendBytes(bytes),
  (response) => response.readNullableBytes(),
);

function frame(correlationId: number, body: Buffer): Buffer {
  const head = Buffer.alloc(8);
  head.writeInt32BE(4 + body.length, 0);
  head.writeInt32BE(correlationId, 4);
  return Buffer.concat([head, body]);
}

/** Header of the answer without tagged fields, then what was asked. */
const echo: Answerer = ({ correlationId, body }, socket) => socket.write(frame(correlationId, Buffer.concat([Buffer.of(0), body])));

async function connect(
  t: TestContext,
  answer: Answerer,
  overrides: Partial<BrokerConnectionOptions> = {},
  clock: Clock = systemClock,
): Promise<BrokerConnection> {
  const server = createServer((socket) => {
    let held = Buffer.alloc(0);
    socket.on('error', () => undefined);
    socket.on('data', (chunk) => {
      held = Buffer.concat([held, chunk]);
      while (held.length >= 4 && held.length >= 4 + held.readInt32BE(0)) {
        const request = held.subarray(4, 4 + held.readInt32BE(0));
        held = held.subarray(4 + request.length);
        const clientIdEnd = 10 + request.readInt16BE(8);
        const tagged = request.readInt16BE(0) !== 17;
        answer(
          { key: request.readInt16BE(0), correlationId: request.readInt32BE(4), body: request.subarray(clientIdEnd + (tagged ? 1 : 0)) },
          socket,
        );
      }
    });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.after(() => server.close());
  const { port } = server.address() as { port: number };
  const options = { clientId: 'test', connectTimeoutMs: 60_000, requestTimeoutMs: 60_000, tls: null, sasl: null, ...overrides };
  const connection = await BrokerConnection.open('127.0.0.1', port, options, clock);
  t.after(() => connection.close());
  return connection;
}

test('whatever is written reads back equal', () => {
  const text = fc.option(fc.string({ unit: 'binary' }));
  const bytes = fc.uint8Array({ maxLength: 9000 });
  fc.assert(
    fc.property(fc.array(fc.tuple(text, bytes, fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }), fc.nat())), (rows) => {
      const writer = new RequestWriter();
      writer.appendArray(rows, (w, [each, data, long, number]) =>
        w.appendString(each).appendBytes(Buffer.from(data)).appendInt64(long).appendUnsignedVarInt(number),
      );
      const whole = Buffer.concat(writer.finish());
      assert.equal(whole.readInt32BE(0), whole.length - 4);
      const found = new ResponseReader(whole.subarray(4)).readArray((r) => [
        r.readNullableString(),
        new Uint8Array(r.readNullableBytes() ?? []),
        r.readInt64(),
        r.readUnsignedVarInt(),
      ]);
      assert.deepEqual(
        found,
        rows.map(([each, ...rest]) => [each === null ? null : Buffer.from(each).toString(), ...rest]),
      );
    }),
    { numRuns: 40 },
  );
});

test('an answer that is too short is a RangeError, not what lies behind it', () => {
  assert.throws(() => new ResponseReader(Buffer.of(5, 0x61)).readString(), RangeError);
  assert.throws(() => new ResponseReader(Buffer.of(0, 0)).readInt32(), RangeError);
});

test('answers arrive whole, in whatever pieces they come', async (t) => {
  const sizes = [0, 1, 3, 4095, 4096, 300_000];
  for (const piece of [1, 7, 8192]) {
    let waiting = Buffer.alloc(0);
    let asked = 0;
    const connection = await connect(t, ({ correlationId, body }, socket) => {
      waiting = Buffer.concat([waiting, frame(correlationId, Buffer.concat([Buffer.of(0), body]))]);
      asked += 1;
      if (asked < sizes.length) return;
      // Small pieces only where several answers meet: one write each for all of a large one would take minutes.
      for (let at = 0; at < waiting.length; at += at < 64 ? piece : 8192) socket.write(waiting.subarray(at, at + (at < 64 ? piece : 8192)));
    });
    const sent = sizes.map((size) => Buffer.alloc(size, size % 251));
    const answers = await Promise.all(sent.map((bytes) => connection.request(echoApi, bytes)));
    assert.deepEqual(answers, sent);
  }
});

test('an answer that does not come closes the connection, and with it everything that waits', async (t) => {
  const clock = new ManualClock();
  const connection = await connect(t, () => undefined, {}, clock);
  const requests = [connection.request(echoApi, Buffer.of(1)), connection.request(echoApi, Buffer.of(2))];
  const settled = Promise.allSettled(requests);
  await clock.advance(60_000);
  for (const result of await settled) assert.match(String((result as PromiseRejectedResult).reason), /No answer within 60000 ms/);
  await connection.closed;
  await assert.rejects(connection.request(echoApi, Buffer.of(3)), /No answer/);
});

test('a broker that hangs up: what waits is rejected, and the connection says that it is closed', async (t) => {
  const connection = await connect(t, (_asked, socket) => socket.destroy());
  await assert.rejects(connection.request(echoApi, Buffer.of(1)));
  await connection.closed;
});

test('what is no answer of Kafka is told as such: a TLS alert, an answer to nothing', async (t) => {
  const alert = await connect(t, (_asked, socket) => socket.write(Buffer.from('15030300020246ff', 'hex')));
  await assert.rejects(alert.request(echoApi, Buffer.of(1)), /TLS \(security\.protocol\)/);
  const stray = await connect(t, ({ correlationId }, socket) => socket.write(frame(correlationId + 1, Buffer.of(0, 0))));
  await assert.rejects(stray.request(echoApi, Buffer.of(1)), /was not asked/);
});

test('a login that expires is renewed; requests wait meanwhile', async (t) => {
  const clock = new ManualClock();
  const keys: number[] = [];
  let hold: (() => void) | null = null;
  const held = Promise.withResolvers<void>();
  const answer: Answerer = (asked, socket) => {
    keys.push(asked.key);
    if (asked.key === 17) socket.write(frame(asked.correlationId, Buffer.alloc(6)));
    else if (asked.key !== 36) echo(asked, socket);
    else {
      const lifetime = Buffer.alloc(8);
      lifetime.writeBigInt64BE(10_000n);
      const login = (): void => {
        socket.write(frame(asked.correlationId, Buffer.concat([Buffer.of(0, 0, 0, 0, 1), lifetime, Buffer.of(0)])));
      };
      if (keys.length === 2) login();
      else {
        hold = login;
        held.resolve();
      }
    }
  };
  const sasl = { mechanism: 'PLAIN', username: 'u', password: new Secret('p') } as const;
  const connection = await connect(t, answer, { sasl }, clock);
  assert.deepEqual(keys, [17, 36]);
  await clock.advance(8_000);
  const request = connection.request(echoApi, Buffer.of(7));
  await held.promise;
  assert.deepEqual(keys, [17, 36, 17, 36]);
  (hold as (() => void) | null)?.();
  assert.deepEqual(await request, Buffer.of(7));
  assert.deepEqual(keys, [17, 36, 17, 36, 1000]);
});
