import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';

import { stack } from '../support/stack.ts';
import { uniqueName } from '../support/unique-name.ts';
import { WorkerProcess } from '../support/worker-process.ts';
import { fitsOutput, pageBlocks } from './page-block.ts';
import type { PageBlock } from './page-block.ts';

const root = join(import.meta.dirname, '..', '..');
const commandWithinMs = 240_000;

test('every command of docs/course.md does what the page says', { timeout: 800_000 }, async (t) => {
  await using worker = await WorkerProcess.prepare([]);
  await worker.start();
  const environment = {
    ...process.env,
    KAFKA_BOOTSTRAP_SERVERS: stack.kafka,
    SCHEMA_REGISTRY_URL: stack.registry,
    CONNECT_REST_URL: `http://127.0.0.1:${worker.port}`,
  };
  // Names of this run alone: the servers are shared.
  const own = `${uniqueName('course')}_`;
  const page = readFileSync(join(root, 'docs', 'course.md'), 'utf8').replaceAll(/\bcourse_/g, own);
  const blocks = pageBlocks(page);
  assert.ok(blocks.length > 30);
  const terminals: Terminal[] = [];
  t.after(async () => void (await Promise.all(terminals.map((each) => each.interrupt()))));
  for (const block of blocks) {
    const started = performance.now();
    if (block.kind === 'demo') {
      // The demo itself is under test elsewhere; here its place is taken by the servers of the suite and a worker.
      assert.equal(block.command, 'bin/millrace demo');
    } else if (block.kind === 'interrupt') {
      await Promise.all(terminals.splice(0).map((each) => each.interrupt()));
    } else {
      const terminal = new Terminal(block, environment);
      terminals.push(terminal);
      if (block.kind === 'other terminal') {
        await terminal.shows();
      } else {
        await terminal.ends();
        terminals.splice(terminals.indexOf(terminal), 1);
      }
    }
    t.diagnostic(`line ${block.line}: ${((performance.now() - started) / 1000).toFixed(1)} s`);
  }
});

/** A shell with one block of the page. */
class Terminal {
  readonly #block: PageBlock;
  readonly #child: ChildProcess;
  readonly #exit: Promise<unknown[]>;
  #printed = '';
  #onPrint: () => void = () => {};

  constructor(block: PageBlock, env: NodeJS.ProcessEnv) {
    this.#block = block;
    // A group of its own, which Ctrl-C reaches as a whole.
    this.#child = spawn('bash', ['-euo', 'pipefail', '-c', block.command], {
      cwd: root,
      env,
      detached: true,
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    for (const stream of [this.#child.stdout, this.#child.stderr])
      stream?.setEncoding('utf8').on('data', (text: string) => {
        this.#printed += text;
        this.#onPrint();
      });
    this.#exit = once(this.#child, 'close');
  }

  /** Waits for the end of the command and holds exit code and output against the page. */
  async ends(): Promise<void> {
    await this.#within(this.#exit);
    const { fails, output, anyOrder } = this.#block;
    assert.equal(this.#child.exitCode !== 0, fails, this.#describe(`exit code ${this.#child.exitCode}`));
    if (output !== null) assert.ok(fitsOutput(output, this.#printed, anyOrder), this.#describe('other output than the page shows'));
  }

  /** Waits until a command that goes on has printed what the page shows. */
  async shows(): Promise<void> {
    const { output } = this.#block;
    assert.ok(output !== null, `line ${this.#block.line}: a command in another terminal needs an output to wait for`);
    const shown = new Promise<void>((resolve) => {
      this.#onPrint = () => {
        if (fitsOutput(output, this.#printed)) resolve();
      };
      this.#onPrint();
    });
    const ended = this.#exit.then(() => assert.fail(this.#describe(`ended with ${this.#child.exitCode}`)));
    await this.#within(Promise.race([shown, ended]));
  }

  async interrupt(): Promise<void> {
    if (this.#child.exitCode === null && this.#child.signalCode === null && this.#child.pid !== undefined)
      process.kill(-this.#child.pid, 'SIGINT');
    await this.#within(this.#exit);
  }

  async #within(done: Promise<unknown>): Promise<void> {
    const late = Promise.withResolvers<never>();
    const timer = setTimeout(() => {
      if (this.#child.pid !== undefined && this.#child.exitCode === null) process.kill(-this.#child.pid, 'SIGKILL');
      late.reject(new Error(this.#describe(`not done after ${commandWithinMs / 1000} s`)));
    }, commandWithinMs);
    await Promise.race([done, late.promise]).finally(() => clearTimeout(timer));
  }

  #describe(problem: string): string {
    const { line, command, output } = this.#block;
    return `docs/course.md, line ${line}: ${problem}\n${command}\n--- printed:\n${this.#printed}\n--- the page shows:\n${output ?? ''}`;
  }
}
