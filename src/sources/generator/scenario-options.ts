import { readFileSync } from 'node:fs';
import { ConnectError } from '../../base/errors.ts';
import type { Config } from '../../connect/config.ts';
import { given, paceOf, seedOf } from './generator-options.ts';
import { parseJson, type JsonValue } from './json-value.ts';
import type { Pace } from './pacer.ts';
import { readScenario, type Scenario } from './scenario-spec.ts';
import { findScenario, scenarioNames } from './scenarios.ts';

export interface ScenarioOptions {
  readonly scenario: Scenario;
  /** Topics are called after it and the table. */
  readonly topicPrefix: string;
  readonly isEnvelope: boolean;
  /** How many records there are in all; Infinity for ever. */
  readonly iterations: number;
  /** Null: another one at every first start. */
  readonly seed: bigint | null;
  /** Times of the data, when the clock shall not decide. */
  readonly fixedTimes: { readonly ms: number; readonly turnMs: number } | null;
  readonly pace: Pace;
}

const ofRecords = ['schema.string', 'schema.filename', 'quickstart', 'schema.keyfield'] as const;

/** Null when the config is not about a scenario. Throws `config.invalid` or `file.unreadable`. */
export function scenarioOptions(config: Config): ScenarioOptions | null {
  const [name, file] = [given(config, 'scenario'), given(config, 'scenario.file')];
  if (name === null && file === null) return null;
  const other = [...(name !== null && file !== null ? ['scenario.file'] : []), ...ofRecords.filter((key) => given(config, key) !== null)];
  if (other.length > 0) {
    throw new ConnectError(
      'config.invalid',
      `${name === null ? 'scenario.file' : 'scenario'} and ${other.join(', ')} exclude each other.`,
      {
        remedy: 'Leave one of them out.',
      },
    );
  }
  const iterations = config.int('iterations');
  return {
    scenario: name === null ? readScenario(readJson(file ?? '')) : named(name),
    topicPrefix: config.string('kafka.topic'),
    isEnvelope: config.choice('scenario.form') === 'envelope',
    iterations: iterations > 0 ? iterations : Infinity,
    seed: seedOf(config),
    fixedTimes: timesOf(config),
    pace: paceOf(config),
  };
}

function named(name: string): Scenario {
  const found = findScenario(name);
  if (found !== null) return found;
  throw new ConnectError('config.invalid', unknownScenario(name), {
    remedy: 'Set scenario to one of these names, or describe your own in scenario.file.',
  });
}

export function unknownScenario(name: string): string {
  return `The scenario "${name}" is unknown: it must be one out of ${scenarioNames.join(', ')}.`;
}

function readJson(file: string): JsonValue {
  let text: string;
  try {
    text = readFileSync(file, 'utf8');
  } catch (error) {
    throw new ConnectError('file.unreadable', `Unable to find the scenario file "${file}".`, {
      remedy: 'Correct scenario.file, which is relative to where the worker was started, or the permissions of the file.',
      cause: error,
      details: { file },
    });
  }
  try {
    return parseJson(text);
  } catch (error) {
    throw new ConnectError('config.invalid', `The scenario file "${file}" is not JSON.`, {
      remedy: 'Correct the file; lines that start with // are comments.',
      cause: error,
      details: { file },
    });
  }
}

function timesOf(config: Config): ScenarioOptions['fixedTimes'] {
  const start = given(config, 'scenario.start');
  if (start === null) return null;
  const ms = /^\d{1,15}$/.test(start) ? Number(start) : Date.parse(start);
  if (Number.isFinite(ms) && ms >= 0) return { ms, turnMs: config.int('scenario.turn.ms') };
  throw new ConnectError('config.invalid', `scenario.start "${start}" is no time.`, {
    remedy: 'Give milliseconds since 1970, or a time such as 2026-01-01T00:00:00Z.',
  });
}
