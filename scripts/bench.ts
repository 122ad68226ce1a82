/** `npm run bench [-- FLAGS]`: see bench/README.md. */
import { bench, engines, limits, scenarios } from '../bench/bench.ts';
import { benchOptions } from '../bench/bench-options.ts';
import { undoLeftovers } from '../bench/measure/leftovers.ts';
import { SetUpError } from '../src/embedded/set-up-error.ts';

const say = (text: string): void => void process.stderr.write(`${text}\n`);
const options = benchOptions(process.argv.slice(2), process.env, {
  scenarios: scenarios.filter(({ long }) => long !== true).map(({ name }) => name),
  longScenarios: scenarios.filter(({ long }) => long === true).map(({ name }) => name),
  engines: [...engines.map(({ name }) => name), ...limits],
});
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
  process.once(signal, () => {
    say('Called off: removing what was made.');
    void undoLeftovers().finally(() => process.exit(1));
  });
}
try {
  process.exitCode = await bench(options, say);
} catch (error) {
  if (!(error instanceof SetUpError)) throw error;
  say(error.message);
  process.exitCode = 1;
}
