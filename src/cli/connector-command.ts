import { Command } from 'commander';
import { setTimeout as sleep } from 'node:timers/promises';
import { ConnectError } from '../base/errors.ts';
import { HttpApi } from './http-api.ts';
import { action, collectPair } from './surroundings.ts';
import type { Surroundings } from './surroundings.ts';
import { textTable } from './text-table.ts';

interface Status {
  readonly connector: { readonly state: string; readonly trace?: string };
  readonly tasks: readonly { readonly state: string; readonly trace?: string }[];
}

const stateWithinMs = 30_000;

/** `millrace connector …`: Kafka Connect's REST requests, one command each. */
export function connectorCommand(): Command {
  const command = new Command('connector').description('create, look at, pause, resume and delete connectors of a running worker');
  action(command.command('list').description('connectors and their states'), list);
  const create = command
    .command('create')
    .description('create a connector and wait until it runs')
    .argument('<name>', 'its name')
    .argument('<settings...>', 'its config, NAME=VALUE each, with connector.class among them');
  action(create, async (surroundings, name: string, settings: string[]) => {
    const config = settings.reduce<Record<string, string>>((pairs, pair) => collectPair(pair, pairs), {});
    await api(surroundings).post('/connectors', { name, config });
    return reached(surroundings, name, 'RUNNING');
  });
  action(named(command.command('status').description('its state, and why it failed')), async (surroundings, name: string) => {
    const status = await statusOf(surroundings, name);
    return [`${name}: ${stateOf(status)}`, ...(traceOf(status) === null ? [] : [traceOf(status)])].join('\n');
  });
  for (const [verb, state] of [
    ['pause', 'PAUSED'],
    ['resume', 'RUNNING'],
    ['stop', 'STOPPED'],
  ] as const) {
    action(named(command.command(verb).description(`${verb} it, and wait until it is ${state}`)), async (surroundings, name: string) => {
      await api(surroundings).put(`${path(name)}/${verb}`);
      return reached(surroundings, name, state);
    });
  }
  action(named(command.command('delete').description('delete it; its topics stay')), async (surroundings, name: string) => {
    await api(surroundings).delete(path(name));
    return `Deleted ${name}`;
  });
  return command;
}

function named(command: Command): Command {
  return command.argument('<name>', 'its name');
}

async function list(surroundings: Surroundings): Promise<string> {
  const found = await api(surroundings).get<Record<string, { status: Status }>>('/connectors?expand=status');
  const names = Object.keys(found).toSorted();
  return textTable([['CONNECTOR', 'STATE'], ...names.map((name) => [name, stateOf((found[name] as { status: Status }).status)])]);
}

async function reached(surroundings: Surroundings, name: string, state: string): Promise<string> {
  const deadline = performance.now() + stateWithinMs;
  for (;;) {
    const status = await statusOf(surroundings, name);
    const at = stateOf(status);
    if (at === state) return `${name}: ${at}`;
    if (at === 'FAILED') throw new ConnectError('config.invalid', `${name} failed: ${traceOf(status) ?? 'no reason given'}`);
    if (performance.now() > deadline) throw new ConnectError('internal', `${name} is ${at} still, ${stateWithinMs / 1000} s later.`);
    await sleep(100);
  }
}

async function statusOf(surroundings: Surroundings, name: string): Promise<Status> {
  try {
    return await api(surroundings).get<Status>(`${path(name)}/status`);
  } catch (error) {
    // A worker that has just taken a connector in may not know its state for a moment.
    if (error instanceof ConnectError && error.message.includes('(404)') && error.message.includes('status'))
      return { connector: { state: 'UNASSIGNED' }, tasks: [] };
    throw error;
  }
}

/** A connector is as its task is, once it has one. */
function stateOf({ connector, tasks }: Status): string {
  const parts = [connector, ...tasks].map(({ state }) => state);
  if (parts.includes('FAILED')) return 'FAILED';
  if (connector.state === 'RUNNING' && tasks.length === 0) return 'UNASSIGNED';
  return tasks[0]?.state ?? connector.state;
}

function traceOf({ connector, tasks }: Status): string | null {
  return connector.trace ?? tasks.find(({ trace }) => trace !== undefined)?.trace ?? null;
}

function api(surroundings: Surroundings): HttpApi {
  return new HttpApi('The worker', surroundings.rest, 'CONNECT_REST_URL', 'application/json');
}

function path(name: string): string {
  return `/connectors/${encodeURIComponent(name)}`;
}
