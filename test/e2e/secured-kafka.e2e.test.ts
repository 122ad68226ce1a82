import assert from 'node:assert/strict';
import { execFile, execFileSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { test } from 'node:test';
import { promisify } from 'node:util';

import { ensureArtifacts } from '../../src/embedded/artifacts.ts';
import { cacheDirectory } from '../../src/embedded/cache.ts';
import { findJava } from '../../src/embedded/java.ts';
import { Kafka } from '../../src/embedded/kafka.ts';
import { freePort, releasePort } from '../../src/embedded/port.ts';
import { makeCertificates, withoutOpenssl } from '../support/certificates.ts';
import { ownKafkaPort, startOwnKafka } from '../support/own-kafka.ts';
import { plainJson, WorkerStage } from '../support/worker-stage.ts';
import type { Settings } from '../support/worker-stage.ts';

const plainLogin = 'org.apache.kafka.common.security.plain.PlainLoginModule';
const scramLogin = 'org.apache.kafka.common.security.scram.ScramLoginModule';

function at(name: string, port: number): string {
  return `${name}://127.0.0.1:${port}`;
}

/** The tests' own listener as it is, and beside it one with SASL and one with TLS. */
async function listeners(
  directory: string,
): Promise<{ readonly port: number; readonly sasl: number; readonly tls: number; readonly settings: Settings }> {
  const ports: number[] = [];
  for (let each = 0; each < 4; each += 1) ports.push(await freePort(ownKafkaPort()));
  for (const port of ports) releasePort(port);
  const [port, controller, sasl, tls] = ports as [number, number, number, number];
  const open = [at('PLAINTEXT', port), at('SASL', sasl), at('TLS', tls)];
  writeFileSync(
    join(directory, 'server.pem'),
    readFileSync(join(directory, 'server.p8'), 'utf8') + readFileSync(join(directory, 'server.crt'), 'utf8'),
  );
  return {
    port,
    sasl,
    tls,
    settings: {
      listeners: [...open, at('CONTROLLER', controller)].join(','),
      'advertised.listeners': open.join(','),
      'controller.quorum.voters': `1@127.0.0.1:${controller}`,
      'listener.security.protocol.map': 'PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT,SASL:SASL_PLAINTEXT,TLS:SSL',
      'inter.broker.listener.name': 'PLAINTEXT',
      'listener.name.sasl.sasl.enabled.mechanisms': 'PLAIN,SCRAM-SHA-256',
      'listener.name.sasl.plain.sasl.jaas.config': `${plainLogin} required user_reader="plain-password";`,
      'listener.name.sasl.scram-sha-256.sasl.jaas.config': `${scramLogin} required;`,
      'listener.name.tls.ssl.keystore.type': 'PEM',
      'listener.name.tls.ssl.keystore.location': join(directory, 'server.pem'),
    },
  };
}

async function addScramUser(servers: string): Promise<void> {
  const files = await ensureArtifacts({ repository: join(cacheDirectory(), 'maven'), progress: () => undefined });
  const jars = [...files.values()].filter((file) => file.endsWith('.jar')).join(delimiter);
  const alter = ['--alter', '--entity-type', 'users', '--entity-name', 'reader', '--add-config', 'SCRAM-SHA-256=[password=scram-password]'];
  await promisify(execFile)(await findJava(), ['-cp', jars, 'kafka.admin.ConfigCommand', '--bootstrap-server', servers, ...alter]);
}

test(
  'Kafka with SASL PLAIN, SCRAM-SHA-256 and TLS by a PEM trust store: delivers; a wrong password or authority is said',
  { skip: withoutOpenssl(), timeout: 400_000 },
  async () => {
    const directory = await mkdtemp(join(tmpdir(), 'millrace-sasl-'));
    try {
      await makeCertificates(directory, { server: { commonName: 'kafka.example', altNames: 'IP:127.0.0.1' } });
      execFileSync('openssl', ['pkcs8', '-topk8', '-nocrypt', '-in', 'server.key', '-out', 'server.p8'], { cwd: directory });
      const { port, sasl, tls, settings } = await listeners(directory);
      await using kafka = await startOwnKafka(directory, { settings, port });
      await addScramUser(kafka.bootstrapServers);
      const login = (mechanism: string, module: string, password: string): Settings => ({
        'bootstrap.servers': `127.0.0.1:${sasl}`,
        'security.protocol': 'SASL_PLAINTEXT',
        'sasl.mechanism': mechanism,
        'sasl.jaas.config': `${module} required username="reader" password="${password}";`,
      });
      const trust = (file: string): Settings => ({
        'bootstrap.servers': `127.0.0.1:${tls}`,
        'security.protocol': 'SSL',
        'ssl.truststore.type': 'PEM',
        'ssl.truststore.location': join(directory, file),
      });
      for (const accepted of [
        login('PLAIN', plainLogin, 'plain-password'),
        login('SCRAM-SHA-256', scramLogin, 'scram-password'),
        trust('ca.pem'),
      ]) {
        // Read by the open listener.
        await using stage = await WorkerStage.prepare({ ...plainJson, ...accepted }, kafka.bootstrapServers);
        await stage.worker.start();
        await stage.othersGoOn();
        assert.equal(await stage.worker.kill('SIGTERM'), 0);
        assert.doesNotMatch(await stage.worker.log(), /plain-password|scram-password/);
      }
      for (const [refused, says] of [
        [login('PLAIN', plainLogin, 'wrong-password'), /did not accept the login: .*Remedy: Check sasl\.mechanism.*Authentication failed/s],
        [
          login('SCRAM-SHA-256', scramLogin, 'wrong-password'),
          /did not accept the login: .*Remedy: Check sasl\.mechanism.*Authentication failed/s,
        ],
        [
          { ...trust('other-ca.pem'), 'worker.start.timeout.ms': '1000' },
          /127\.0\.0\.1:.*Remedy: .*Caused by: .*(certificate|self-signed)/s,
        ],
      ] as const) {
        await using stage = await WorkerStage.prepare(refused);
        stage.worker.launch();
        assert.equal(await stage.worker.ended(), 2);
        assert.match(await stage.worker.log(), says);
        assert.doesNotMatch(await stage.worker.log(), /wrong-password/);
      }
    } finally {
      await Kafka.wipe(directory);
      await rm(directory, { recursive: true, force: true });
    }
  },
);
