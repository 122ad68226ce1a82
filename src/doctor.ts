import { createInterface } from 'node:readline/promises';
import { Command } from 'commander';
import { systemClock } from './base/clock.ts';
import { ConnectError, describeError } from './base/errors.ts';
import { createLog } from './base/log.ts';
import { Metrics } from './base/metrics.ts';
import { plugins } from './compose.ts';
import { readConnectorFile, readWorkerFile } from './connect/config-file.ts';
import { chooseConverter } from './connect/connector-build.ts';
import { checkConnector, type CheckedConnector } from './connect/connector-check.ts';
import { good, note, problem, type Finding, type FindingHandler } from './connect/finding.ts';
import { examineKafka } from './connect/kafka-examination.ts';
import { SecretScrubber } from './connect/secret-scrubber.ts';
import { WorkerConfig } from './connect/worker-config.ts';

interface DoctorOptions {
  readonly worker?: string;
  readonly fix?: boolean;
  readonly yes?: boolean;
  readonly json?: boolean;
}

const ExitCode = { HEALTHY: 0, PROBLEMS: 1, CONFIG: 2 } as const;

const signs: Readonly<Record<Finding['level'], string>> = { ok: '✔', note: '·', warning: '!', problem: '✖' };

/** `millrace doctor CONNECTOR`: what would keep the connector from starting, or make it lose changes later. */
export function doctorCommand(): Command {
  return new Command('doctor')
    .description('examine what a connector needs, before it is started: server, rights, slot, tables, Kafka, registry')
    .argument('<connector>', 'connector config: .properties, .json or .yaml')
    .option('--worker <file>', 'the worker config; without it Kafka and the registry are not examined')
    .option('--fix', 'apply what is safe, each after it was shown and agreed to')
    .option('--yes', 'with --fix: agree to everything')
    .option('--json', 'one JSON object in place of the text')
    .addHelpText('after', '\nExit codes: 0 nothing stands in the way, 1 problems were found, 2 the files cannot be used.')
    .action(async (connector: string, options: DoctorOptions) => {
      process.exitCode = await doctor(connector, options);
    });
}

async function doctor(path: string, options: DoctorOptions): Promise<number> {
  const scrubber = new SecretScrubber();
  const report = new Report(options, (text) => scrubber.scrub(text));
  try {
    if (options.fix === true && options.yes !== true && !process.stdin.isTTY) {
      throw new ConnectError('config.invalid', 'There is no terminal to ask on.', { remedy: 'Say --fix --yes to agree to every fix.' });
    }
    const worker = WorkerConfig.parse(
      options.worker === undefined ? { 'bootstrap.servers': 'localhost:9092' } : readWorkerFile(options.worker),
      process.env,
      scrubber,
    );
    const { name, config: raw } = readConnectorFile(path);
    const { providers, exactlyOnce } = worker;
    const checked = checkConnector(raw, { plugins, providers, scrubber, exactlyOnce });
    for (const finding of configFindings(checked)) await report.handle(finding);
    if (checked.infos.error_count === 0) await examine(name, checked, options.worker === undefined ? null : worker, report.handle);
  } catch (error) {
    process.stderr.write(`millrace: ${scrubber.scrub(describeError(error))}\n`);
    return ExitCode.CONFIG;
  }
  report.end();
  return report.count('problem') > 0 ? ExitCode.PROBLEMS : ExitCode.HEALTHY;
}

function configFindings({ infos, warnings }: CheckedConnector): Finding[] {
  const errors = infos.configs.flatMap((info) =>
    info.value.errors.map((error) => problem('config', error, 'The connector is refused.', `Correct "${info.value.name}".`)),
  );
  const others = warnings.map((text) => note('config', text));
  return [...errors, ...others, ...(errors.length === 0 ? [good('config', 'Every key is known and fits.')] : [])];
}

async function examine(connector: string, checked: CheckedConnector, worker: WorkerConfig | null, handle: FindingHandler): Promise<void> {
  const { config, plugin } = checked;
  const log = createLog({ level: 'fatal', format: 'text', scrub: (line) => line });
  const context = { connector, config, clock: systemClock, log, metrics: new Metrics() };
  if (plugin.examine === undefined) await handle(note('source', `There is nothing to examine upstream for ${plugin.className}.`));
  else await plugin.examine(context, handle);
  if (worker === null) {
    await handle(note('kafka', 'Kafka and the schema registry were not examined.', 'Name the worker config: --worker FILE'));
    return;
  }
  await examineKafka(worker, config, systemClock, handle);
  for (const part of ['key', 'value'] as const) {
    const { plugin: converter, options } = chooseConverter(part, config, { worker, plugins });
    await converter.examine?.(options, { isKey: part === 'key', log }, handle);
  }
}

interface ReportedFinding extends Omit<Finding, 'fix'> {
  /** The statement, and what became of it. */
  readonly fix: { readonly statement: string; readonly state: 'possible' | 'applied' | 'failed' } | null;
}

/** Shows findings as they come, asks about fixes, and counts. */
class Report {
  readonly #options: DoctorOptions;
  readonly #scrub: (text: string) => string;
  readonly #findings: ReportedFinding[] = [];

  constructor(options: DoctorOptions, scrub: (text: string) => string) {
    this.#options = options;
    this.#scrub = scrub;
  }

  readonly handle = async (finding: Finding): Promise<void> => {
    this.#show(finding);
    const { fix, ...rest } = finding;
    if (fix === null) {
      this.#findings.push({ ...rest, fix: null });
      return;
    }
    const { statement } = fix;
    if (this.#options.fix !== true || !(await this.#agreed(statement))) {
      this.#findings.push({ ...rest, fix: { statement, state: 'possible' } });
      return;
    }
    try {
      await fix.apply();
      this.#say(`    applied: ${statement}`);
      this.#findings.push({ ...rest, level: 'ok', fix: { statement, state: 'applied' } });
    } catch (error) {
      this.#say(`    could not be applied: ${describeError(error)}`);
      this.#findings.push({ ...rest, fix: { statement, state: 'failed' } });
    }
  };

  count(level: Finding['level']): number {
    return this.#findings.filter((finding) => finding.level === level).length;
  }

  end(): void {
    const problems = this.count('problem');
    const warnings = this.count('warning');
    if (this.#options.json === true) {
      process.stdout.write(`${this.#scrub(JSON.stringify({ problems, warnings, findings: this.#findings }))}\n`);
      return;
    }
    const fixes = this.#findings.filter(({ fix }) => fix?.state === 'possible').length;
    this.#say(`\n${problems} problem${problems === 1 ? '' : 's'}, ${warnings} warning${warnings === 1 ? '' : 's'}.`);
    if (fixes > 0) this.#say(`${fixes} of them can be mended with --fix.`);
  }

  async #agreed(statement: string): Promise<boolean> {
    if (this.#options.yes === true) return true;
    const terminal = createInterface({ input: process.stdin, output: process.stderr });
    try {
      const answer = await terminal.question(`    Run "${statement}"? [y/N] `);
      return /^y(es)?$/i.test(answer.trim());
    } finally {
      terminal.close();
    }
  }

  #show({ level, subject, found, risk, remedy }: Finding): void {
    this.#say(`${signs[level]} ${subject}: ${found}`);
    if (risk !== null) this.#say(`    risk: ${risk}`);
    if (remedy !== null) this.#say(`    do:   ${remedy}`);
  }

  #say(text: string): void {
    if (this.#options.json !== true) process.stdout.write(`${this.#scrub(text)}\n`);
  }
}
