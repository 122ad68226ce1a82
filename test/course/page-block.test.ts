import assert from 'node:assert/strict';
import { test } from 'node:test';
import { fitsOutput, pageBlocks } from './page-block.ts';

test('blocks of a page: commands with their outputs, marks, and nothing unknown', () => {
  const page =
    'Text\n\n```sh\nls\npwd\n```\n\n```output\na…\n```\n\n```sh fails\nfalse\n```\n<!-- Ctrl-C -->\n```sh other terminal\ntop\n```\n';
  assert.deepEqual(
    pageBlocks(page).map(({ kind, line, command, fails, output }) => [kind, line, command, fails, output]),
    [
      ['command', 3, 'ls\npwd', false, 'a…'],
      ['command', 12, 'false', true, null],
      ['interrupt', 15, '', false, null],
      ['other terminal', 16, 'top', false, null],
    ],
  );
  assert.throws(() => pageBlocks('```sh somewhere\nls\n```'), /line 1 of the page/);
  assert.throws(() => pageBlocks('```json\n{}\n```'), /line 1 of the page/);
  assert.throws(() => pageBlocks('```output\na\n```'), /line 1 of the page/);
});

test('outputs: … within a line and for whole lines, everything else as it is', () => {
  assert.ok(fitsOutput('offset …  key 7', 'offset 12   key 7\n'));
  assert.ok(!fitsOutput('offset …  key 7', 'offset 12 key 8'));
  assert.ok(!fitsOutput('a\nb', 'a'));
  assert.ok(!fitsOutput('a', 'a\nb'));
  assert.ok(fitsOutput('…\nb\n…', 'a\nb\nc'));
  assert.ok(fitsOutput('…\nb\n…', 'b'));
  assert.ok(!fitsOutput('…\nb\n…', 'a\nc'));
  assert.ok(!fitsOutput('…\nb', 'b\nc'));
  assert.ok(fitsOutput('b\na', 'a\nb', true));
  assert.ok(!fitsOutput('b\na', 'a\nb'));
  assert.ok(!fitsOutput('b\na', 'a\nb\nb', true));
  assert.ok(fitsOutput('{"a.b":…}', '{"a.b":1}') && !fitsOutput('{"a.b":…}', '{"aXb":1}'));
});
