import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';

import { propertyFamily } from '../support/property-family.ts';
import { configNamed, drawnFactors } from './config-factors.ts';
import { peerConnector } from './peer-connector.ts';
import { undrawnProperties } from './undrawn-properties.ts';

interface Property {
  readonly name: string;
  readonly priority: string;
}

const reference = join(import.meta.dirname, '..', 'sources', 'postgres', 'debezium-properties.json');
const properties = JSON.parse(readFileSync(reference, 'utf8')) as readonly Property[];

test('every property of the reference that many or some set is drawn beside Debezium, or it is said why not', () => {
  const surroundings = {
    database: { host: 'h', port: 1, user: 'u', password: 'p', name: 'd' },
    folder: 'f',
    stack: { kafka: 'k', registry: 'r' },
  };
  const levels = drawnFactors.flatMap((factor) => factor.levels.map((level) => `${factor.name}=${level.name}`));
  const drawn = new Set(
    levels.flatMap((level) => Object.keys(peerConnector(surroundings, 'n', configNamed(level).config)).map(propertyFamily)),
  );
  const wanted = properties.filter(({ priority }) => priority === 'P1' || priority === 'P2').map(({ name }) => name);
  assert.deepEqual(
    wanted.filter((name) => !drawn.has(propertyFamily(name)) && !(name in undrawnProperties)),
    [],
  );
  assert.deepEqual(
    Object.keys(undrawnProperties).filter((name) => drawn.has(propertyFamily(name)) || !wanted.includes(name)),
    [],
  );
});
