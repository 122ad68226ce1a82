import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';

import { plugins } from '../../src/compose.ts';
import { ConfigProviders } from '../../src/connect/config-provider.ts';
import { checkConnector, type CheckedConnector } from '../../src/connect/connector-check.ts';
import { SecretScrubber } from '../../src/connect/secret-scrubber.ts';
import { createTransforms } from '../../src/connect/transforms/catalog.ts';

const configs = JSON.parse(readFileSync(join(import.meta.dirname, 'configs.json'), 'utf8')) as Record<string, Record<string, string>>;
const env = { REGISTRY_USER: 'user:word', SALT: 'pepper', DB_HOST: 'db', DB_USER: 'cdc' };

function check(config: Readonly<Record<string, string>>): CheckedConnector {
  // Files are not there when a config is looked at elsewhere: whatever they hold is a text.
  const raw = Object.fromEntries(Object.entries(config).map(([key, value]) => [key, value.replaceAll(/\$\{file:[^}]*\}/g, 'word')]));
  const providers = new ConfigProviders({}, env);
  return checkConnector({ name: 'orders', ...raw }, { plugins, providers, scrubber: new SecretScrubber(), exactlyOnce: true });
}

for (const [name, config] of Object.entries(configs)) {
  test(`a config for Debezium's connector is taken unchanged: ${name}`, () => {
    const checked = check(config);
    assert.deepEqual(
      checked.infos.configs.flatMap(({ value }) => value.errors.map((error) => `${value.name}: ${error}`)),
      [],
    );
    createTransforms(checked.config);
  });
}

test('what is taken and done in another way is told by name', () => {
  const { warnings } = check({
    ...configs['smallest'],
    'plugin.name': 'decoderbufs',
    'signal.enabled.channels': 'source,jmx',
    'notification.enabled.channels': 'jmx',
  });
  const begins = [
    "Configuration 'plugin.name': ",
    "Configuration 'signal.enabled.channels': ",
    "Configuration 'notification.enabled.channels': ",
  ];
  assert.deepEqual(
    warnings.map((text) => begins.findIndex((begin) => text.startsWith(begin))),
    [0, 1, 2],
  );
  assert.deepEqual(check(configs['smallest'] ?? {}).warnings, []);
});
