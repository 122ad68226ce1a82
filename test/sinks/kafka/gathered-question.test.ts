import assert from 'node:assert/strict';
import { test } from 'node:test';
import { GatheredQuestion } from '../../../src/sinks/kafka/gathered-question.ts';

test('names that come together, or while an answer is awaited, are asked for together and once', async () => {
  const asked: (readonly string[])[] = [];
  const gate = Promise.withResolvers<void>();
  const question = new GatheredQuestion<string>(async (names) => {
    asked.push(names);
    if (asked.length === 1) await gate.promise;
    return (name) => name.toUpperCase();
  });
  const first = [question.about('a'), question.about('b')];
  await Promise.resolve();
  await Promise.resolve();
  const next = [question.about('c'), question.about('a'), question.about('c')];
  gate.resolve();
  assert.deepEqual(await Promise.all([...first, ...next]), ['A', 'B', 'C', 'A', 'C']);
  assert.deepEqual(asked, [
    ['a', 'b'],
    ['c', 'a'],
  ]);
  assert.equal(await question.about('d'), 'D', 'and it goes on');
});

test('an error hits the name that it is about, and the others get their answers', async () => {
  const asked: (readonly string[])[] = [];
  const question = new GatheredQuestion<string>((names) => {
    asked.push(names);
    return names.includes('bad') ? Promise.reject(new Error('bad is bad')) : Promise.resolve((name) => name);
  });
  const [left, bad, right] = await Promise.allSettled(['left', 'bad', 'right'].map((name) => question.about(name)));
  assert.deepEqual([left?.status, bad?.status, right?.status], ['fulfilled', 'rejected', 'fulfilled']);
  assert.deepEqual(asked, [['left', 'bad', 'right'], ['left'], ['bad'], ['right']]);
  assert.equal(await question.about('later'), 'later');
  await assert.rejects(question.about('bad'), /bad is bad/);
});
