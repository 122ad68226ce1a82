import { Command, InvalidArgumentError } from 'commander';

export interface DemoOptions {
  /** How long to show records; null: until Ctrl-C. */
  readonly forMs: number | null;
  readonly json: boolean;
  readonly fresh: boolean;
  readonly kafka: string | undefined;
  readonly registry: string | undefined;
  readonly postgres: string | undefined;
  /** Changes a second that the workload makes. */
  readonly rowsPerSecond: number;
}

const units: Readonly<Record<string, number>> = { ms: 1, s: 1000, m: 60_000, h: 3_600_000 };

/** `20s`, `2m`, `1h`, `500ms`, or seconds without a unit. */
function parseDuration(text: string): number {
  const [, amount, unit = 's'] = /^(\d+(?:\.\d+)?)(ms|s|m|h)?$/.exec(text.trim()) ?? [];
  const factor = units[unit];
  if (amount === undefined || factor === undefined || Number(amount) === 0) {
    throw new InvalidArgumentError('Write a number with a unit, such as 20s or 2m.');
  }
  return Number(amount) * factor;
}

function parseRate(text: string): number {
  const rate = Number(text);
  if (!Number.isFinite(rate) || rate < 0 || rate > 5000) throw new InvalidArgumentError('Write a number from 0 to 5000.');
  return rate;
}

function parseHostPort(text: string): string {
  if (!/^[\w.[\]:-]+:\d+(,[\w.[\]:-]+:\d+)*$/.test(text)) throw new InvalidArgumentError('Write HOST:PORT, several with commas between.');
  return text;
}

function parseUrl(...protocols: readonly string[]): (text: string) => string {
  return (text) => {
    const url = URL.parse(text);
    if (url === null || !protocols.includes(url.protocol))
      throw new InvalidArgumentError(`Write a URL that starts with ${protocols.map((each) => `${each}//`).join(' or ')}.`);
    return text.replace(/\/$/, '');
  };
}

/** `millrace demo`, for the program's command line. */
export function demoCommand(run: (options: DemoOptions) => Promise<void>): Command {
  return new Command('demo')
    .summary('watch sample changes and rows arrive as records; sets everything up by itself')
    .description('Start a real Kafka, registry and Postgres with a sample taxi database, and watch its changes arrive as records.')
    .option('--for <time>', 'run that long, then stop everything: 20s, 2m', parseDuration)
    .option('--json', 'at the end print one line with addresses and counts, for programs', false)
    .option('--fresh', 'start anew instead of going on where the last demo was', false)
    .option('--kafka <host:port>', 'use this Kafka instead of starting one', parseHostPort)
    .option('--registry <url>', 'use this schema registry (Confluent-compatible API) instead of starting one', parseUrl('http:', 'https:'))
    .option(
      '--postgres <url>',
      'use this Postgres (postgres://USER:PASSWORD@HOST:PORT/DATABASE, wal_level=logical) instead of starting one',
      parseUrl('postgres:', 'postgresql:'),
    )
    .option('--rows-per-second <number>', 'changes a second that the workload makes', parseRate, 10)
    .action(async (given: GivenOptions) => {
      const { for: forMs = null, json, fresh, kafka, registry, postgres, rowsPerSecond } = given;
      await run({ forMs, json, fresh, kafka, registry, postgres, rowsPerSecond });
    });
}

type GivenOptions = Omit<DemoOptions, 'forMs'> & { readonly for?: number };
