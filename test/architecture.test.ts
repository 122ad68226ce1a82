import assert from 'node:assert/strict';
import { existsSync, readFileSync, readdirSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { test } from 'node:test';

/**
 * The style guide that cannot rot: which folder may import which, how long files and functions may be, which names and
 * globals are out of bounds. The functions that decide are tested below on small made-up sources.
 */
const root = join(import.meta.dirname, '..');
const linesMax = 400;
const functionLinesMax = 70;

/** What each layer under src may import, besides itself. Files directly under src are the composition root. */
const layers: Readonly<Record<string, readonly string[]>> = {
  base: [],
  record: ['base'],
  text: ['base', 'record'],
  kafka: ['base'],
  connect: ['base', 'record', 'kafka'],
  avro: ['base', 'record', 'text', 'connect'],
  json: ['base', 'record', 'text', 'connect'],
  cloudevents: ['base', 'record', 'text', 'connect'],
  'sources/postgres': ['base', 'record', 'text', 'connect'],
  'sources/csv': ['base', 'record', 'text', 'connect'],
  'sources/generator': ['base', 'record', 'text', 'connect'],
  'sinks/kafka': ['base', 'record', 'connect', 'kafka'],
  'sinks/postgres': ['base', 'record', 'connect'],
  embedded: ['base'],
  demo: ['base', 'embedded'],
  cli: ['base', 'kafka', 'embedded', 'demo'],
};

/** Contracts are what others may name; the rest of `connect` is the runtime's own. */
const contracts = new Set(['source', 'sink', 'converter', 'transform', 'plugin', 'config', 'finding']);
const contractsOnly = new Set([
  'avro',
  'json',
  'cloudevents',
  'sources/postgres',
  'sources/csv',
  'sources/generator',
  'sinks/kafka',
  'sinks/postgres',
]);

const bannedNames = /^(utils?|types?|helpers?|common|index|manager|misc)\.ts$/;
const bannedGlobals = /\b(Date\.now|new Date\(\)|setTimeout|setInterval|setImmediate|Math\.random|console\.\w+|process\.\w+)/g;
/** `base` is the only home of clock and process; commands, the demo and the starters of real parts talk to a terminal. */
const mayUseGlobals = new Set(['base', 'embedded', 'demo', 'cli', '']);

function layerOf(path: string): string {
  const parts = path.split('/').slice(1, -1);
  const two = parts.slice(0, 2).join('/');
  return two in layers ? two : (parts[0] ?? '');
}

const importPattern = /(?:from|import|load)\s*\(?\s*'(\.[^']+)'/g;

/** What is shipped needs nothing of tests, scripts and benchmarks. */
export function outsideFaults(path: string, text: string): string[] {
  return [...text.matchAll(importPattern)]
    .map((match) => join(dirname(path), match[1] as string))
    .filter((target) => !target.startsWith('src/'))
    .map((target) => `${path} imports ${target}: src may not import what lies outside of it`);
}

export function importFaults(path: string, text: string): string[] {
  const layer = layerOf(path);
  const allowed = layers[layer];
  if (allowed === undefined) return layer === '' ? [] : [`${path}: the folder ${layer} has no place in the layers`];
  const faults: string[] = [];
  for (const match of text.matchAll(importPattern)) {
    const target = join(dirname(path), match[1] as string);
    const other = layerOf(target);
    if (other === layer) continue;
    if (!allowed.includes(other))
      faults.push(`${path} imports ${target}: ${layer} may not import ${other === '' ? 'the composition root' : other}`);
    const name = target.replace(/^.*\//, '').replace(/\.ts$/, '');
    if (other === 'connect' && contractsOnly.has(layer) && !contracts.has(name)) {
      faults.push(`${path} imports ${target}: only the contracts of connect may be named here`);
    }
  }
  return faults;
}

export function globalFaults(path: string, text: string): string[] {
  if (mayUseGlobals.has(layerOf(path))) return [];
  const code = text.replaceAll(/\/\*[\s\S]*?\*\/|\/\/.*$/gm, '');
  return [...code.matchAll(bannedGlobals)].map((match) => `${path} uses ${match[0]}: take it as an argument`);
}

/** One that is under way, and a module that both need: `require` of another then throws. Only what a process begins with may come so. */
export function lateImportFaults(path: string, text: string): string[] {
  if (path === 'src/main.ts') return [];
  return [...text.matchAll(/\bimport\(\s*'(\.[^']+)'/g)].map((match) => `${path} imports ${match[1]} late: load it by createRequire`);
}

/** Counts the lines of functions and methods by their indentation, which the formatter keeps honest. */
export function longFunctions(path: string, text: string): string[] {
  const faults: string[] = [];
  const lines = text.split('\n');
  lines.forEach((line, at) => {
    const opens = /^(\s*)(?:export |async |static |private |override |get |set |function |const |#)*[\w$#]+.*[({].*\{$/.exec(line);
    if (
      opens === null ||
      /^\s*(if|for|while|switch|else|return|class|interface|export (interface|class|abstract)|try|describe)\b/.test(line)
    )
      return;
    if (/\b(class|interface)\b/.test(line) || !/\)|=>/.test(line)) return;
    const end = lines.findIndex((other, index) => index > at && other.startsWith(`${opens[1] ?? ''}}`));
    if (end - at + 1 > functionLinesMax) faults.push(`${path}:${at + 1}: ${end - at + 1} lines in one function`);
  });
  return faults;
}

function sources(folder: string): string[] {
  return readdirSync(join(root, folder), { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && entry.name.endsWith('.ts'))
    .map((entry) => relative(root, join(entry.parentPath, entry.name)));
}

function eachSource(check: (path: string, text: string) => readonly string[]): string[] {
  return sources('src').flatMap((path) => check(path, readFileSync(join(root, path), 'utf8')));
}

test('imports follow the layers', () => {
  assert.deepEqual(eachSource(importFaults), []);
  assert.deepEqual(eachSource(outsideFaults), []);
});

test('no layer lies above itself', () => {
  const visit = (layer: string, above: readonly string[]): string[] =>
    above.includes(layer) ? [[...above, layer].join(' > ')] : (layers[layer] ?? []).flatMap((next) => visit(next, [...above, layer]));
  assert.deepEqual(
    Object.keys(layers).flatMap((layer) => visit(layer, [])),
    [],
  );
});

test('the invariants of ARCHITECTURE.md are cited in the code, and the files it names are there', () => {
  const text = readFileSync(join(root, 'ARCHITECTURE.md'), 'utf8');
  const numbers = [...text.matchAll(/^\| (\d) \| /gm)].map((match) => match[1] as string);
  assert.equal(numbers.length, 7);
  const cited = new Set(
    eachSource((_path, source) =>
      [...source.matchAll(/invariants? ([\d, and]+)/gi)].flatMap((match) => (match[1] as string).match(/\d/g) ?? []),
    ),
  );
  assert.deepEqual(
    numbers.filter((number) => !cited.has(number)),
    [],
  );
  const present = [...sources('src'), ...sources('test')];
  const named = [...text.matchAll(/[\w/.-]+\.ts\b/g)].map((match) => match[0]).filter((name) => !name.startsWith('.'));
  assert.deepEqual(
    named.filter((name) => !present.some((path) => path === name || path.endsWith(`/${name}`))),
    [],
  );
});

test('every failpoint has its row in the crash matrix', () => {
  const names = [...readFileSync(join(root, 'src/base/failpoint.ts'), 'utf8').matchAll(/\| '([\w-]+)'/g)].map(
    (match) => match[1] as string,
  );
  const [rows, tests] = ['ARCHITECTURE.md', 'test/e2e/crash.e2e.test.ts'].map((path) => readFileSync(join(root, path), 'utf8'));
  assert.ok(names.length > 0);
  assert.deepEqual(
    names.filter((name) => rows?.includes(`\`${name}\``) !== true || tests?.includes(`'${name}'`) !== true),
    [],
  );
});

/** What a page says about tests that is not so: `[file](../test/...): *part of a test's name*; *another*`. */
export function testReferenceFaults(page: string, read: (path: string) => string | null): string[] {
  const faults: string[] = [];
  for (const [, path = '', names = ''] of page.matchAll(/\]\(\.\.\/(test\/[^)]+)\)((?:[:;] \*[^*]+\*)*)/g)) {
    const text = read(path);
    if (text === null) faults.push(`${path} is not there`);
    for (const [, name = ''] of names.matchAll(/\*([^*]+)\*/g)) {
      if (text !== null && !testNames(text).some((found) => found.includes(name))) faults.push(`${path} has no test "${name}"`);
    }
  }
  return faults;
}

function testNames(text: string): string[] {
  return [...text.matchAll(/\b(?:test|it)\(\s*(['"`])((?:(?!\1)[^\\]|\\.)+)\1/g)].map((match) => match[2] as string);
}

test('docs/traps.md has every trap, and every test that it names is there', () => {
  const page = readFileSync(join(root, 'docs/traps.md'), 'utf8');
  const numbers = [...page.matchAll(/^\| T(\d+) \|/gm)].map((match) => Number(match[1]));
  assert.deepEqual(
    numbers,
    Array.from({ length: 63 }, (_, index) => index + 1),
  );
  const rows = page.split('\n').filter((line) => /^\| T\d+ \|/.test(line));
  assert.deepEqual(
    rows.filter((row) => !row.includes('](../test/')),
    [],
  );
  const read = (path: string): string | null => (existsSync(join(root, path)) ? readFileSync(join(root, path), 'utf8') : null);
  assert.deepEqual(testReferenceFaults(page, read), []);
});

test('docs/scenarios.md has every scenario, and every test that it names is there', () => {
  const page = readFileSync(join(root, 'docs/scenarios.md'), 'utf8');
  const numbers = [...page.matchAll(/^\| (\d+) \|/gm)].map((match) => Number(match[1]));
  assert.deepEqual(
    numbers,
    Array.from({ length: 64 }, (_, index) => index + 1),
  );
  const rows = page.split('\n').filter((line) => /^\| (\d+|D) \|/.test(line));
  assert.deepEqual(
    rows.filter((row) => !row.includes('](../test/')),
    [],
  );
  const read = (path: string): string | null => (existsSync(join(root, path)) ? readFileSync(join(root, path), 'utf8') : null);
  assert.deepEqual(testReferenceFaults(page, read), []);
});

test('what is loaded late is loaded at once', () => {
  assert.deepEqual(eachSource(lateImportFaults), []);
});

test('time, randomness, process and console arrive as arguments', () => {
  assert.deepEqual(eachSource(globalFaults), []);
});

test(`no source file has more than ${linesMax} lines, no function more than ${functionLinesMax}`, () => {
  assert.deepEqual(
    eachSource((path, text) => (text.split('\n').length > linesMax + 1 ? [`${path}: ${text.split('\n').length} lines`] : [])),
    [],
  );
  assert.deepEqual(eachSource(longFunctions), []);
});

test('files are named after their noun, in kebab-case', () => {
  const names = [...sources('src'), ...sources('test')].map((path) => path.replace(/^.*\//, ''));
  assert.deepEqual(
    names.filter(
      (name) => bannedNames.test(name) || !/^[a-z0-9]+(-[a-z0-9]+)*(\.(pg|kafka|e2e|peer|containers))?(\.test|\.bench)?\.ts$/.test(name),
    ),
    [],
  );
});

test('nothing is left open in the code', () => {
  // Written so that this file does not find itself.
  const open = /TO[D]O|FIX[M]E|\bX[X]X\b|not yet implemen[t]ed/;
  assert.deepEqual(
    eachSource((path, text) => (open.test(text) ? [path] : [])),
    [],
  );
});

test('the checks see what they are for', () => {
  assert.equal(importFaults('src/record/change.ts', "import { a } from '../connect/source.ts';").length, 1);
  assert.equal(importFaults('src/avro/program.ts', "import { a } from '../connect/task.ts';").length, 1);
  assert.equal(importFaults('src/avro/program.ts', "import { a } from '../connect/converter.ts';").length, 0);
  assert.equal(importFaults('src/kafka/cluster.ts', "import { a } from '../connect/config.ts';").length, 1);
  assert.equal(importFaults('src/connect/task.ts', "import { a } from '../compose.ts';").length, 1);
  assert.equal(outsideFaults('src/main.ts', "import { a } from '../test/support/stack.ts';").length, 1);
  assert.equal(outsideFaults('src/main.ts', "import { a } from './compose.ts';").length, 0);
  assert.equal(lateImportFaults('src/connect/task.ts', "const { a } = await import('./a.ts');").length, 1);
  assert.equal(lateImportFaults('src/connect/task.ts', "type A = typeof import('a');").length, 0);
  assert.equal(globalFaults('src/connect/task.ts', 'const a = Date.now();').length, 1);
  assert.equal(globalFaults('src/connect/task.ts', '// Date.now() is not used here').length, 0);
  const page = '[a](../test/a.test.ts): *one thing*; *another*';
  const tests = "test('one thing', () => {}); test(\n `Postgres: another`, x);";
  assert.deepEqual(
    testReferenceFaults(page, () => tests),
    [],
  );
  assert.equal(testReferenceFaults(page.replace('another', 'a third'), () => tests).length, 1);
  assert.equal(testReferenceFaults(page, () => null).length, 1);
  const long = `export function f(a: number): void {\n${'  a += 1;\n'.repeat(functionLinesMax)}}\n`;
  assert.equal(longFunctions('src/x/y.ts', long).length, 1);
});
