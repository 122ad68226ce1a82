import assert from 'node:assert/strict';
import { it } from 'node:test';
import fc from 'fast-check';
import { arrayElements, arrayItems, arrayLiteral } from '../../src/base/array-literal.ts';
import { propertySettings } from '../support/property.ts';

it('texts in an array literal come back, whatever they hold', () => {
  fc.assert(
    fc.property(fc.array(fc.option(fc.string({ unit: 'grapheme' }))), (items) => {
      assert.deepEqual(arrayElements(arrayLiteral(items)), items);
    }),
    propertySettings(),
  );
  assert.deepEqual(arrayItems('[0:2]={a,NULL,"b c"}'), ['a', 'b c']);
});
