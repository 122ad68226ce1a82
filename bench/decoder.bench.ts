/**
 * CPU nanoseconds per row from the bytes of a read to `emit`, one line, for an engineer at work on it.
 * Run it with `node bench/decoder.bench.ts [TABLES] [ROWS PER TRANSACTION]`.
 */
import { median } from './measure/statistics.ts';
import { decoderWork } from './micro/decoder.ts';

const tables = Number(process.argv[2] ?? 1);
const work = decoderWork(50_000, tables, Number(process.argv[3] ?? 1000));
const nanos: number[] = [];
for (let at = 0; at < 30; at += 1) {
  const pass = await work.prepare();
  const start = process.cpuUsage();
  pass();
  const { user, system } = process.cpuUsage(start);
  nanos.push(((user + system) * 1000) / work.rows);
}
const [fastest, slowest] = [Math.min(...nanos), Math.max(...nanos)];
console.log(`${tables} table(s): ${median(nanos).toFixed(0)} ns a row (fastest ${fastest.toFixed(0)}, slowest ${slowest.toFixed(0)})`);
