import assert from 'node:assert/strict';
import { test } from 'node:test';

import { createDatabase } from '../../support/database.ts';
import { servers } from './servers.ts';
import { startSource, untilStreaming } from './source-fixture.ts';

for (const [version, url] of servers) {
  for (const [name, settings, asked] of [
    ['by default under our class name', { 'connector.class': 'millrace.PostgresSource' }, true],
    ['where asked for', { 'publish.generated.columns': 'true' }, true],
    ['not by default under Debezium', {}, false],
  ] as const) {
    test(`generated columns in snapshot and stream alike, ${name} (Postgres ${version})`, async () => {
      await using database = await createDatabase(url);
      await database.query(
        'CREATE TABLE sums (id int PRIMARY KEY, a int, b int GENERATED ALWAYS AS (a + 1) STORED); INSERT INTO sums VALUES (1, 10)',
      );
      await using running = startSource(database, { extra: { ...settings, 'snapshot.mode': 'initial' } });
      await running.out.untilChanges(1);
      await untilStreaming(database, running);
      await database.query('INSERT INTO sums VALUES (2, 20)');
      const rows = (await running.out.untilChanges(2)).map(({ after }) => after);
      const [{ brings } = { brings: false }] = await database.query<{ brings: boolean }>(
        "SELECT current_setting('server_version_num')::int >= 180000 AS brings",
      );
      const expected =
        asked && brings
          ? [
              { id: '1', a: '10', b: '11' },
              { id: '2', a: '20', b: '21' },
            ]
          : [
              { id: '1', a: '10' },
              { id: '2', a: '20' },
            ];
      assert.deepEqual(rows, expected);
      // The shape that is declared at the start is the one that the stream then has.
      const names = new Set(running.out.shapes.map((shape) => shape.schema.columns.map((column) => column.name).join()));
      assert.equal(names.size, 1);
    });
  }
}
