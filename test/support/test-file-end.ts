/**
 * Loaded before each test file: ends one that does not end by itself after its last test, and would hold up the whole run without
 * a word. Its tests have been reported by then; that the file fails says what they left open. (A test that hangs has its own
 * limit.) `MILLRACE_TEST_END_MS` is how long a file may take to end.
 */
import { after } from 'node:test';

const withinMs = Number(process.env['MILLRACE_TEST_END_MS'] ?? 60_000);

after(() => {
  setTimeout(() => {
    const open = process.getActiveResourcesInfo().join(', ');
    process.stderr.write(`${process.argv[1]}: its tests are over, and ${withinMs} ms later it had not ended. Still open: ${open}\n`);
    process.exit(1);
  }, withinMs).unref();
});
