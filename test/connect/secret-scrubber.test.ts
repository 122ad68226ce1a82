import assert from 'node:assert/strict';
import { test } from 'node:test';

import { SecretScrubber, looksSecret } from '../../src/connect/secret-scrubber.ts';

test('whole values under secret names, and passwords inside addresses under any name, are hidden', () => {
  const scrubber = new SecretScrubber();
  scrubber.addConfig(
    {
      'database.password': 'correct horse',
      'value.converter.schema.registry.url': 'http://one:first-secret@a:8081,https://two:second-secret@b:8081/path',
      'topic.prefix': 'shop',
      'database.hostname': null,
    },
    looksSecret,
  );
  assert.equal(
    scrubber.scrub('no answer from http://one:first-secret@a:8081 nor two:second-secret@b with correct horse for shop'),
    'no answer from http://one:[hidden]@a:8081 nor two:[hidden]@b with [hidden] for shop',
  );
});

test('a secret that also stands openly in the same config is left in texts', () => {
  const scrubber = new SecretScrubber();
  scrubber.addConfig({ 'database.user': 'postgres', 'database.password': 'postgres' }, looksSecret);
  assert.equal(scrubber.scrub('user postgres'), 'user postgres');
});
