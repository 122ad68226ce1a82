import { Command, InvalidArgumentError } from 'commander';

export interface BenchOptions {
  readonly scenarios: readonly string[];
  readonly engines: readonly string[];
  /** Instead of each scenario's own number; null: that. */
  readonly rows: number | null;
  readonly repeats: number | null;
  readonly bigMegabytes: number | null;
  readonly idleMinutes: number | null;
  /** Also the long list of scenarios. */
  readonly all: boolean;
  readonly quick: boolean;
  readonly json: boolean;
  readonly compare: boolean;
  readonly saveBaseline: boolean;
  readonly label: string | null;
  readonly save: boolean;
  readonly readme: boolean;
  /** The arguments, for the result: without addresses, which may hold a password. */
  readonly command: readonly string[];
  readonly kafka: string | undefined;
  readonly registry: string | undefined;
  readonly postgres: string | undefined;
}

const whole = (text: string): number => {
  const value = Number(text);
  if (!Number.isInteger(value) || value < 1) throw new InvalidArgumentError('give a whole number above 0');
  return value;
};
const above0 = (text: string): number => {
  const value = Number(text);
  if (!(value > 0 && value < Infinity)) throw new InvalidArgumentError('give a number above 0');
  return value;
};
const list = (text: string, before: readonly string[]): string[] => [...before, ...text.split(',').map((each) => each.trim())];

interface Flags {
  readonly scenario: string[];
  readonly engine: string[];
  readonly rows?: number;
  readonly repeats?: number;
  readonly bigMb?: number;
  readonly idleMinutes?: number;
  readonly all?: true;
  readonly quick?: true;
  readonly json?: true;
  readonly compare?: true;
  readonly saveBaseline?: true;
  readonly label?: string;
  readonly save: boolean;
  readonly readme?: true;
  readonly kafka?: string;
  readonly registry?: string;
  readonly postgres?: string;
}

/** Reads the command line; prints help and ends the process when asked to. `environment` may name running servers. */
export function benchOptions(
  args: readonly string[],
  environment: NodeJS.ProcessEnv,
  names: { scenarios: readonly string[]; longScenarios: readonly string[]; engines: readonly string[] },
): BenchOptions {
  const command = new Command('npm run bench --')
    .description('Measures Millrace beside its peers and its limits, and checks every record that was measured.')
    .option(
      '--scenario <names>',
      `one or more of: ${names.scenarios.join(', ')}; or of the long list: ${names.longScenarios.join(', ')}`,
      list,
      [],
    )
    .option('--all', 'the long list too: about an hour more, by estimate')
    .option('--engine <names>', `one or more of: ${names.engines.join(', ')}`, list, [])
    .option('--rows <number>', "rows of each run, instead of each scenario's own number", whole)
    .option('--repeats <number>', 'measured runs of each engine', whole)
    .option('--big-mb <number>', 'size of the one big transaction, up to 2048', whole)
    .option('--idle-minutes <number>', 'how long the tables of `idle` stand still, 10 unless given', above0)
    .option('--quick', 'small runs: shows that everything works, and the order of magnitude')
    .option('--json', 'prints the results as JSON at the end')
    .option('--compare', 'micro-benchmarks against bench/results/baseline.json')
    .option('--save-baseline', 'with --compare: writes the baseline anew')
    .option('--label <text>', 'a word for the names of the result files')
    .option('--no-save', 'writes no result files')
    .option('--readme', 'copies the newest saved headline table into README.md; measures nothing')
    .option('--kafka <host:port>', 'a running Kafka (also MILLRACE_BENCH_KAFKA)')
    .option('--registry <url>', 'a running registry (also MILLRACE_BENCH_REGISTRY)')
    .option('--postgres <url>', 'a running Postgres, as a superuser (also MILLRACE_BENCH_POSTGRES)');
  command.parse(args, { from: 'user' });
  const flags = command.opts<Flags>();
  requireKnown(command, 'scenario', flags.scenario, [...names.scenarios, ...names.longScenarios]);
  requireKnown(command, 'engine', flags.engine, names.engines);
  return {
    scenarios: flags.scenario,
    engines: flags.engine,
    rows: flags.rows ?? null,
    repeats: flags.repeats ?? null,
    bigMegabytes: flags.bigMb ?? null,
    idleMinutes: flags.idleMinutes ?? null,
    all: flags.all ?? false,
    quick: flags.quick ?? false,
    json: flags.json ?? false,
    compare: flags.compare ?? false,
    saveBaseline: flags.saveBaseline ?? false,
    label: flags.label ?? null,
    save: flags.save,
    readme: flags.readme ?? false,
    command: args.filter((arg, at) => !isAddress(arg) && !isAddress(args[at - 1] ?? '')),
    kafka: flags.kafka ?? environment['MILLRACE_BENCH_KAFKA'],
    registry: flags.registry ?? environment['MILLRACE_BENCH_REGISTRY'],
    postgres: flags.postgres ?? environment['MILLRACE_BENCH_POSTGRES'],
  };
}

function isAddress(flag: string): boolean {
  return /^--(kafka|registry|postgres)/.test(flag);
}

function requireKnown(command: Command, flag: string, given: readonly string[], known: readonly string[]): void {
  const unknown = given.filter((name) => !known.includes(name));
  if (unknown.length > 0) command.error(`--${flag} ${unknown.join(',')}: the names are ${known.join(', ')}`);
}
