import { readAvroSchema, type AvroField, type AvroRecord } from './avro-type.ts';
import { ConnectError } from '../../base/errors.ts';
import { isArray, isObject, type JsonObject, type JsonValue } from './json-value.ts';

/** A number of turns, both ends included. */
export interface Turns {
  readonly min: number;
  readonly max: number;
}

/** One change of a row, so many turns after the one before. */
export interface ScenarioStep {
  readonly after: Turns;
  /** New values by column; `again`: made anew. Empty for a delete. */
  readonly set: Readonly<Record<string, { readonly value: JsonValue } | 'again'>>;
  readonly isDelete: boolean;
}

/** One way in which a row's life may go. */
export interface ScenarioPath {
  readonly share: number;
  readonly steps: readonly ScenarioStep[];
}

export interface ScenarioTable {
  readonly name: string;
  readonly record: AvroRecord;
  /** Index of the column that counts rows from 1. */
  readonly key: number;
  /** Rows that are there from the first turn on. */
  readonly initial: number;
  /** A row is born every so many turns; less than 1: several in a turn. */
  readonly every: number;
  /** Tables before this one that columns refer to, by column index. */
  readonly references: ReadonlyMap<number, number>;
  /** Columns that hold the time of the birth or of the last change, by column index. */
  readonly moments: ReadonlyMap<number, 'born' | 'changed'>;
  readonly paths: readonly ScenarioPath[];
}

/** Tables, parents first. A turn is the unit of their time. */
export type Scenario = readonly ScenarioTable[];

/** Reads what `scenario.file` holds: `{"tables": {NAME: {schema, key, initial, every, life}}}`. Throws `config.invalid` naming the place. */
export function readScenario(json: JsonValue): Scenario {
  if (!isObject(json) || !isObject(json['tables'])) throw fault('it', 'is an object with "tables"');
  const tables: ScenarioTable[] = [];
  for (const [name, table] of Object.entries(json['tables'])) tables.push(readTable(name, table, tables));
  if (tables.length === 0) throw fault('"tables"', 'is empty');
  return tables;
}

function readTable(name: string, json: JsonValue, before: readonly ScenarioTable[]): ScenarioTable {
  const at = `table "${name}"`;
  if (!/^[A-Za-z0-9_-]+$/.test(name)) throw fault(at, 'has a name with other characters than letters, digits, _ and -');
  if (!isObject(json)) throw fault(at, 'is an object');
  checkMembers(json, ['schema', 'key', 'initial', 'every', 'life'], at);
  const record = readAvroSchema(json['schema'] ?? null);
  const key = record.fields.findIndex((field) => field.name === json['key']);
  const type = record.fields[key]?.type;
  if (type?.kind !== 'primitive' || (type.type !== 'int' && type.type !== 'long')) {
    throw fault(at, '"key" names a column of the schema that is an int or a long');
  }
  const references = new Map<number, number>();
  const moments = new Map<number, 'born' | 'changed'>();
  for (const [column, field] of record.fields.entries()) {
    if (column === key) continue;
    const { reference, moment } = field.type.properties;
    if (reference !== undefined) references.set(column, parentOf(field, reference, before, at));
    else if (moment !== undefined) moments.set(column, momentOf(field, moment, at));
  }
  const paths = readLife(json['life'] ?? [], record, [key, ...references.keys(), ...moments.keys()], at);
  return { name, record, key, initial: count(json, 'initial', 0, at), every: positive(json, at), references, moments, paths };
}

function parentOf(field: AvroField, reference: JsonValue, before: readonly ScenarioTable[], at: string): number {
  const parent = before.findIndex((table) => table.name === reference);
  if (parent < 0) throw fault(`${at}, column "${field.name}"`, '"reference" names a table that stands before this one');
  return parent;
}

function momentOf(field: AvroField, moment: JsonValue, at: string): 'born' | 'changed' {
  const { type } = field;
  const isTime = type.kind === 'primitive' && type.type === 'long' && type.logical?.name === 'timestamp-millis';
  if (isTime && (moment === 'born' || moment === 'changed')) return moment;
  throw fault(`${at}, column "${field.name}"`, '"moment" is "born" or "changed", in a long of the logical type timestamp-millis');
}

function readLife(json: JsonValue, record: AvroRecord, fixed: readonly number[], at: string): ScenarioPath[] {
  if (!isArray(json)) throw fault(at, '"life" is a list of paths, each {"share", "steps"}');
  const paths = json.map((path): ScenarioPath => {
    if (!isObject(path) || !isArray(path['steps'])) throw fault(at, 'a path of "life" is {"share", "steps"}');
    checkMembers(path, ['share', 'steps'], at);
    const { share } = path;
    if (typeof share !== 'number' || !(share >= 0)) throw fault(at, '"share" of a path is a number from 0');
    const steps = path['steps'].map((step) => readStep(step, record, fixed, at));
    if (steps.slice(0, -1).some((step) => step.isDelete)) throw fault(at, 'nothing may follow "delete" in the steps of a path');
    return { share, steps };
  });
  if (paths.length > 0 && !paths.some((path) => path.share > 0)) throw fault(at, 'one path of "life" needs a "share" above 0');
  return paths.length > 0 ? paths : [{ share: 1, steps: [] }];
}

function readStep(json: JsonValue, record: AvroRecord, fixed: readonly number[], at: string): ScenarioStep {
  if (!isObject(json)) throw fault(at, 'a step is {"after", "set"} or {"after", "delete": true}');
  checkMembers(json, ['after', 'set', 'delete'], at);
  const { after, set } = json;
  const [min, max] = isArray(after) ? after : [after, after];
  if (!isTurn(min) || !isTurn(max) || max < min)
    throw fault(at, '"after" of a step is a number of turns from 1 to 1000000, or two: [least, most]');
  const isDelete = json['delete'] === true;
  if (isDelete === isObject(set)) throw fault(at, 'a step has either "set" or "delete": true');
  const changes: Record<string, { value: JsonValue } | 'again'> = {};
  for (const [column, value] of Object.entries(isObject(set) ? set : {})) {
    const index = record.fields.findIndex((field) => field.name === column);
    if (index < 0 || fixed.includes(index)) throw fault(at, `a step sets "${column}", which is no column whose value can be set`);
    changes[column] = isObject(value) && value['again'] === true ? 'again' : { value };
  }
  return { after: { min, max }, set: changes, isDelete };
}

const turnsMax = 1_000_000;

function isTurn(value: JsonValue | undefined): value is number {
  return typeof value === 'number' && Number.isInteger(value) && value >= 1 && value <= turnsMax;
}

function count(json: JsonObject, name: string, missing: number, at: string): number {
  const value = json[name] ?? missing;
  if (typeof value === 'number' && Number.isInteger(value) && value >= 0 && value <= turnsMax) return value;
  throw fault(at, `"${name}" is a whole number from 0 to ${turnsMax}`);
}

function positive(json: JsonObject, at: string): number {
  const every = json['every'] ?? 1;
  if (typeof every === 'number' && every >= 0.001 && every <= turnsMax) return every;
  throw fault(at, `"every" is a number of turns from 0.001 to ${turnsMax}`);
}

function checkMembers(json: JsonObject, known: readonly string[], at: string): void {
  const stray = Object.keys(json).find((name) => !known.includes(name));
  if (stray !== undefined) throw fault(at, `there is no "${stray}" here; known are ${known.join(', ')}`);
}

function fault(at: string, reason: string): ConnectError {
  return new ConnectError(
    'config.invalid',
    `Unable to use the scenario: ${at} ${reason.startsWith('"') ? `: ${reason}` : reason}.`.replace(' :', ':'),
    {
      remedy: 'Correct scenario.file, or set scenario to a ready-made one.',
    },
  );
}
