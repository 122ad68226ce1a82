import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { ConnectError, describeError } from '../../src/base/errors.ts';
import { readConnectorFile, readWorkerFile } from '../../src/connect/config-file.ts';
import { parseProperties } from '../../src/connect/properties.ts';

const folder = mkdtempSync(join(tmpdir(), 'millrace-config-'));
after(() => rmSync(folder, { recursive: true }));

function file(name: string, text: string): string {
  const path = join(folder, name);
  writeFileSync(path, text);
  return path;
}

test('properties are read as Java reads them', () => {
  const text = [
    '# comment',
    '! comment',
    '',
    'plain=value',
    '  spaced   =   value with blanks ',
    'colon:value',
    'blank value',
    'equals=a=b:c',
    'empty=',
    'alone',
    'continued=one,\\',
    '    two,\\',
    '    three',
    'escaped\\ key\\:=tab\\there',
    'unicode=\\u00e9\\u4e2d',
    'backslash=C:\\\\dir\\\\',
    'even=a\\\\',
    'odd=\\q',
    'twice=first',
    'twice=second',
    'last=end\\',
  ].join('\n');
  assert.deepEqual(Object.fromEntries(parseProperties(text)), {
    plain: 'value',
    spaced: 'value with blanks ',
    colon: 'value',
    blank: 'value',
    equals: 'a=b:c',
    empty: '',
    alone: '',
    continued: 'one,two,three',
    'escaped key:': 'tab\there',
    unicode: 'é中',
    backslash: 'C:\\dir\\',
    even: 'a\\',
    odd: 'q',
    twice: 'second',
    last: 'end',
  });
  assert.deepEqual(Object.fromEntries(parseProperties('a=1\r\nb=2\rc=3')), { a: '1', b: '2', c: '3' });
});

test('the three formats say the same', () => {
  const expected = { name: 'c', 'tasks.max': '1', 'connector.class': 'X', 'a.b': 'true' };
  const properties = file('c.properties', 'name=c\ntasks.max=1\nconnector.class=X\na.b=true\n');
  const flat = file('flat.json', '{"name":"c","tasks.max":1,"connector.class":"X","a.b":true}');
  const named = file('named.json', '{"name":"c","config":{"tasks.max":"1","connector.class":"X","a.b":true}}');
  const yaml = file('c.yaml', 'name: c\ntasks.max: 1\nconnector.class: X\na:\n  b: true\n');
  for (const path of [properties, flat, named, yaml]) {
    const connector = readConnectorFile(path);
    assert.deepEqual({ ...connector.config }, expected, path);
    assert.equal(connector.name, 'c');
    assert.equal(connector.initialState, 'STARTED');
  }
  assert.equal(readWorkerFile(file('w.json', '{"max": 1.0, "id": 12345678901234567890}'))['max'], '1.0');
  assert.deepEqual(readWorkerFile(file('w.yml', 'list: [a, b]\nversion: 010\nyes: no\n')), { list: 'a,b', version: '010', yes: 'no' });
});

test('initial_state is taken over, whatever its letter case', () => {
  assert.equal(readConnectorFile(file('s.json', '{"name":"c","config":{},"initial_state":"stopped"}')).initialState, 'STOPPED');
  assert.equal(readConnectorFile(file('p.yaml', 'name: c\ninitial_state: PAUSED\nconfig: {a: b}')).initialState, 'PAUSED');
});

test('errors name file and line, and quote nothing', () => {
  const cases: [string, string, RegExp][] = [
    ['bad.json', '{\n  "a": "1",\n  "password": "s3cret" "x"\n}', /bad\.json: line 3, column \d+: not valid JSON/],
    ['cut.json', '{\n  "password": "s3cret",\n', /cut\.json: line 3, column 1: not valid JSON/],
    ['bad.yaml', 'a: 1\npassword: "s3cret\nb: 2\n', /bad\.yaml: line \d, column \d+: not valid YAML/],
    ['twice.yaml', 'a: s3cret\na: 2\n', /twice\.yaml: line 2, column 1: not valid YAML/],
    ['bad.properties', 'a=1\n\nb=s3cret\\u12\n', /bad\.properties: line 3: malformed/],
    ['list.json', '["s3cret"]', /list\.json: line 1: a config file holds one mapping/],
    ['nested.json', '{"name":"a","password":{"s3cret":1}}', /nested\.json: the value of "password" is not a single value/],
    ['none.json', '{"config":{"password":"s3cret"}}', /none\.json: the connector has no name/],
    ['two.json', '{"name":"a","config":{"name":"b"}}', /two\.json: the name "b" inside config is not the connector's name "a"/],
    ['extra.json', '{"name":"a","config":{},"initialState":"x"}', /extra\.json: unknown member "initialState"/],
    ['a.toml', 'a = 1', /a\.toml: cannot tell what kind/],
  ];
  for (const [name, text, expected] of cases) {
    assert.throws(
      () => readConnectorFile(file(name, text)),
      (error) => {
        assert.ok(error instanceof ConnectError);
        assert.match(error.message, expected);
        assert.doesNotMatch(describeError(error), /s3cret/);
        return true;
      },
      name,
    );
  }
  assert.throws(() => readWorkerFile(join(folder, 'missing.json')), /missing\.json does not exist/);
});
