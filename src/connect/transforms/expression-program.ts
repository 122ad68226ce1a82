import { ConnectError } from '../../base/errors.ts';
import type { Change } from '../../record/change.ts';
import type { Node, Shape } from '../../record/shape.ts';
import type { BinaryOperator, Expression } from './expression.ts';
import { momentNumber } from './moment-number.ts';
import { findField } from './part.ts';
import { rowReader } from './row-value.ts';
import type { RowReader, RowValue } from './row-value.ts';

/**
 * Binds an expression to a shape: names are looked up once, here. Throws `data.shape` for a name that the shape lacks.
 *
 * `value`, `key` and `header` (`headers`) are the record's, `topic` its topic; `tombstone`: the value is null.
 */
export function bindExpression(expression: Expression, shape: Shape, tombstone: boolean): RowReader {
  const bind = (each: Expression): RowReader => bindExpression(each, shape, tombstone);
  switch (expression.kind) {
    case 'literal':
      return () => expression.value;
    case 'path':
      return bindPath(expression.path, shape, tombstone);
    case 'not': {
      const of = bind(expression.of);
      return (change) => !truth(of(change));
    }
    case 'negate': {
      const of = bind(expression.of);
      return (change) => {
        const value = of(change);
        return typeof value === 'number' || typeof value === 'bigint' ? -value : null;
      };
    }
    case 'choice': {
      const [when, yes, no] = [bind(expression.when), bind(expression.yes), bind(expression.no)];
      return (change) => (truth(when(change)) ? yes(change) : no(change));
    }
    case 'in': {
      const list = expression.list.map(bind);
      const left = expression.list.some((item) => isNumber(item, shape, tombstone))
        ? bindNumber(expression.left, shape, tombstone)
        : bind(expression.left);
      return (change) => {
        const value = left(change);
        return list.some((item) => same(value, item(change)));
      };
    }
    case 'matches': {
      const [left, { regex }] = [bind(expression.left), expression];
      return (change) => {
        const value = left(change);
        return value !== null && regex.test(String(value));
      };
    }
    case 'binary':
      return bindBinary(expression.operator, ...bindOperands(expression, shape, tombstone));
  }
}

type Binary = Extract<Expression, { readonly kind: 'binary' }>;
type Leaf = (node: Node, shape: Shape) => RowReader;

const asItIs: Leaf = (node, { schema }) => rowReader(node, schema);
const asNumber: Leaf = (node, { schema }) => momentNumber(node, schema) ?? rowReader(node, schema);
const computed: ReadonlySet<BinaryOperator> = new Set<BinaryOperator>(['-', '*', '/', '%']);

/** Beside a number a date, time or timestamp is the number that the record has, as in Debezium's scripts; elsewhere its text. */
function bindOperands({ operator, left, right }: Binary, shape: Shape, tombstone: boolean): [left: RowReader, right: RowReader] {
  const bind = (each: Expression, beside: Expression): RowReader =>
    computed.has(operator) || isNumber(beside, shape, tombstone)
      ? bindNumber(each, shape, tombstone)
      : bindExpression(each, shape, tombstone);
  return [bind(left, right), bind(right, left)];
}

function bindNumber(expression: Expression, shape: Shape, tombstone: boolean): RowReader {
  if (expression.kind === 'path') return bindPath(expression.path, shape, tombstone, asNumber);
  return bindExpression(expression, shape, tombstone);
}

/** Whatever the row holds. */
function isNumber(expression: Expression, shape: Shape, tombstone: boolean): boolean {
  if (expression.kind === 'literal') return typeof expression.value === 'number' || typeof expression.value === 'bigint';
  if (expression.kind === 'binary') return computed.has(expression.operator);
  if (expression.kind !== 'path') return expression.kind === 'negate';
  let found = false;
  bindPath(expression.path, shape, tombstone, (node) => {
    found = /^(?:int|float)\d/.test(node.schema.type) && momentNumber(node, shape.schema) === null;
    return () => null;
  });
  return found;
}

/** As in Groovy: null, false, zero and the empty text are false. */
export function truth(value: RowValue): boolean {
  return Boolean(value);
}

function bindBinary(operator: BinaryOperator, left: RowReader, right: RowReader): RowReader {
  switch (operator) {
    case '&&':
      return (change) => truth(left(change)) && truth(right(change));
    case '||':
      return (change) => truth(left(change)) || truth(right(change));
    case '==':
      return (change) => same(left(change), right(change));
    case '!=':
      return (change) => !same(left(change), right(change));
    case '<':
      return compared(left, right, (order) => order < 0);
    case '<=':
      return compared(left, right, (order) => order <= 0);
    case '>':
      return compared(left, right, (order) => order > 0);
    case '>=':
      return compared(left, right, (order) => order >= 0);
    case '+':
      return (change) => sum(left(change), right(change));
    case '-':
      return arithmetic(left, right, (a, b) => a - b);
    case '*':
      return arithmetic(left, right, (a, b) => a * b);
    case '/':
      return arithmetic(left, right, (a, b) => a / b);
    case '%':
      return arithmetic(left, right, (a, b) => a % b);
  }
}

/** A number equals a text that says the same number, so that `'3' == 3` holds for columns whose kind is text. */
function same(left: RowValue, right: RowValue): boolean {
  if (left === null || right === null) return left === right;
  if (typeof left === typeof right) return left === right;
  if (typeof left === 'boolean' || typeof right === 'boolean') return String(left) === String(right);
  return left == right; // eslint-disable-line eqeqeq -- text is compared with a number
}

/** Nothing is more or less than null. */
function compared(left: RowReader, right: RowReader, holds: (order: number) => boolean): RowReader {
  return (change) => {
    const [a, b] = [left(change), right(change)];
    if (a === null || b === null) return false;
    return holds(a < b ? -1 : a > b ? 1 : 0);
  };
}

function sum(left: RowValue, right: RowValue): RowValue {
  if (typeof left === 'string' || typeof right === 'string') return `${left ?? ''}${right ?? ''}`;
  return left === null || right === null ? null : Number(left) + Number(right);
}

function arithmetic(left: RowReader, right: RowReader, compute: (a: number, b: number) => number): RowReader {
  return (change) => {
    const [a, b] = [left(change), right(change)];
    return a === null || b === null ? null : compute(Number(a), Number(b));
  };
}

function bindPath(path: readonly string[], shape: Shape, tombstone: boolean, leaf = asItIs): RowReader {
  const [root = '', ...names] = path;
  if (root === 'topic' && names.length === 0) return () => shape.topic;
  if (root === 'header' || root === 'headers') return bindHeader(names, path, shape);
  if (root !== 'value' && root !== 'key') throw unknown(path, shape, `it begins with "${root}" and not with value, key, header or topic`);
  const node = root === 'key' ? shape.key : tombstone ? null : shape.value;
  return node === null ? () => null : bindNode(node, names, path, shape, leaf);
}

function bindHeader(names: readonly string[], path: readonly string[], shape: Shape): RowReader {
  // In Debezium's scripts a header is an object with its value in a member.
  const [name = '', member, ...rest] = names;
  if (rest.length > 0 || (member !== undefined && member !== 'value')) throw unknown(path, shape, 'a header has a value and nothing else');
  const readers = shape.headers
    .filter((header) => header.name === name)
    .map((header) => ({ ...header, read: rowReader(header.node, shape.schema) }));
  return (change) => {
    const found = readers.find(
      ({ ops, presence }) => (ops === null || ops.includes(change.op)) && (presence === null || change.tuple(presence).count > 0),
    );
    return found === undefined ? null : found.read(change);
  };
}

/** Every struct on the way is asked whether it is there: `value.after.x` of a delete is null. */
function bindNode(node: Node, names: readonly string[], path: readonly string[], shape: Shape, leaf: Leaf): RowReader {
  const [name, ...rest] = names;
  if (name === undefined) return leaf(node, shape);
  const absent = node.kind === 'constant' && node.value === null && node.schema.type === 'struct';
  if (absent) return () => null;
  if (node.kind !== 'struct') throw unknown(path, shape, `"${name}" is asked of a ${node.schema.type}`);
  const field = findField(node, name);
  if (field === null) throw unknown(path, shape, `there is no "${name}" beside ${node.fields.map((each) => each.name).join(', ')}`);
  const [present, read] = [rowReader(node, shape.schema), bindNode(field, rest, path, shape, leaf)];
  return (change: Change) => (present(change) === null ? null : read(change));
}

function unknown(path: readonly string[], shape: Shape, reason: string): ConnectError {
  return new ConnectError('data.shape', `The expression's "${path.join('.')}" is not in the records of "${shape.topic}": ${reason}.`, {
    remedy: 'Correct the name, or let the transform see only the topics that have it, by "topic.regex" or a predicate.',
  });
}
