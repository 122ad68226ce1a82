import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';

import { plugins } from '../../src/compose.ts';
import { ConfigProviders } from '../../src/connect/config-provider.ts';
import { checkConnector } from '../../src/connect/connector-check.ts';
import { SecretScrubber } from '../../src/connect/secret-scrubber.ts';
import { createTransforms } from '../../src/connect/transforms/catalog.ts';

const configs = JSON.parse(readFileSync(join(import.meta.dirname, 'configs.json'), 'utf8')) as Record<string, Record<string, string>>;
const env = { REGISTRY_USER: 'user:word', SALT: 'pepper', DB_HOST: 'db', DB_USER: 'cdc' };

for (const [name, config] of Object.entries(configs)) {
  test(`a config for Debezium's connector is taken unchanged: ${name}`, () => {
    // Files are not there when a config is looked at elsewhere: whatever they hold is a text.
    const raw = Object.fromEntries(Object.entries(config).map(([key, value]) => [key, value.replaceAll(/\$\{file:[^}]*\}/g, 'word')]));
    const providers = new ConfigProviders({}, env);
    const checked = checkConnector({ name, ...raw }, { plugins, providers, scrubber: new SecretScrubber(), exactlyOnce: true });
    assert.deepEqual(
      checked.infos.configs.flatMap(({ value }) => value.errors.map((error) => `${value.name}: ${error}`)),
      [],
    );
    createTransforms(checked.config);
  });
}
