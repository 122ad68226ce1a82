import { BenchDatabase, templateTable } from '../measure/bench-database.ts';
import { monotonicMs } from '../measure/monotonic.ts';
import { resultOfWhole } from '../measure/measurement.ts';
import { documentTable } from '../table/document-table.ts';
import { createTableSql } from '../table/table-model.ts';
import type { Scenario } from './scenario.ts';
import { attempt, requireRight, tell } from './scenario.ts';
import { stageOf, warmUp } from './stage.ts';

const table = 'public.documents';
const rowBytes = 1024;
const templateRowsMax = 20_000;
const warmRows = 2000;
const engineNames = new Set(['millrace', 'debezium-avro', 'debezium-avro-tuned', 'plain']);

/** One transaction of many rows of 1 KiB: from its commit to its last record, and the most memory that the engine ever held. */
export const bigTransaction: Scenario = {
  name: 'big-transaction',
  title: 'one transaction of documents of 1 KiB, and the peak of memory',
  async run(context) {
    const wanted = Math.ceil((context.bigMegabytes * 1024 * 1024) / rowBytes);
    const templateRows = Math.max(warmRows, Math.min(wanted, templateRowsMax));
    const copies = Math.ceil(wanted / templateRows);
    const rows = copies * templateRows;
    // 2 GB at the pace of the slowest, and some more.
    const timeoutMs = 60_000 + rows / 2;
    context.say(`big-transaction: ${rows} rows of 1 KiB`);
    await using database = await BenchDatabase.create(context.servers.postgres, context.uniqueName('db'), documentTable, templateRows);
    await database.client.query(createTableSql(table, documentTable));
    const names = documentTable.columns.map(({ name }) => name).join(', ');
    const insert = `INSERT INTO ${table} SELECT id + copy * ${templateRows}, ${names} FROM generate_series(0, ${copies - 1}) copy, ${templateTable}`;
    for (const engine of context.engines.filter((each) => engineNames.has(each.name))) {
      await attempt(context, 'big-transaction', engine, async (log) => {
        await database.client.query(`TRUNCATE ${table}`);
        await using stage = await stageOf(context, engine, database, { tables: [table] });
        await stage.launch();
        log.config = { megabytes: context.bigMegabytes, ...stage.process.config };
        await stage.streaming();
        await warmUp(stage, database, table, warmRows, timeoutMs);
        await database.client.query(`TRUNCATE ${table}`);
        let committedMs = 0;
        const progress = await stage.run(rows, 'c', timeoutMs, async () => {
          await database.client.query(insert);
          committedMs = monotonicMs();
        });
        requireRight(progress.problems);
        const count = await database.value<string>(`SELECT count(*) AS value FROM ${table}`);
        if (Number(count) !== rows) throw new Error(`the table holds ${count} rows, not ${rows}`);
        log.peakRssBytes = stage.peakRssBytes;
        tell(context, log.runs, resultOfWhole({ ...progress, fromMs: committedMs }));
      });
    }
  },
};
