import type { Schema } from '../../record/schema.ts';
import type { ConstantNode, FieldNode, HeaderNode, Node, Shape, StructNode } from '../../record/shape.ts';
import { ConnectError } from '../../base/errors.ts';
import { Op } from '../../record/change.ts';
import type { Change } from '../../record/change.ts';
import type { Config } from '../config.ts';
import type { TransformPlugin } from '../plugin.ts';
import type { RowStep, ShapePlan } from '../transform.ts';
import { droppedFields } from './dropped-fields.ts';
import type { DropOptions } from './dropped-fields.ts';
import { fillMissing } from './missing-image.ts';
import { findField, invalid, stringKey, withFields } from './part.ts';
import { RowTopics } from './row-topics.ts';
import { rowReader } from './row-value.ts';

const modes = ['drop', 'tombstone', 'rewrite', 'rewrite-with-tombstone', 'delete-to-tombstone'] as const;
type Mode = (typeof modes)[number];

/** Debezium's envelope taken off: the row alone, with a few facts of the envelope as fields or headers. All shape time. */
export const unwrapPlugins: readonly TransformPlugin[] = [
  {
    className: 'io.debezium.transforms.ExtractNewRecordState',
    aliases: [],
    configKeys: [
      {
        ...stringKey('delete.tombstone.handling.mode', 'What becomes of deletes and their tombstones.', 'tombstone'),
        oneOf: modes,
        formerly: ['drop.tombstones', 'delete.handling.mode'],
      },
      {
        ...stringKey('add.fields', 'Fields of the envelope to add to the row: op, table, source.lsn, ts_ms:as_name.', ''),
        formerly: ['add.source.fields'],
      },
      stringKey('add.fields.prefix', 'Prefix of the added fields.', '__'),
      { ...stringKey('add.headers', 'Fields of the envelope to add as headers.', ''), formerly: ['operation.header'] },
      stringKey('add.headers.prefix', 'Prefix of the added headers.', '__'),
      { ...stringKey('route.by.field', 'Column of the row whose value is the topic.', ''), importance: 'LOW' },
      { ...stringKey('drop.fields.header.name', 'Header that lists fields to be left out, row by row.', null), importance: 'LOW' },
      { ...stringKey('drop.fields.from.key', 'Whether they are left out of the key, too.', 'false'), type: 'BOOLEAN', importance: 'LOW' },
      {
        ...stringKey('drop.fields.keep.schema.compatible', 'Whether only optional fields are left out.', 'true'),
        type: 'BOOLEAN',
        importance: 'LOW',
      },
      {
        ...stringKey('replace.null.with.default', 'Null stays null here.', 'true'),
        type: 'BOOLEAN',
        importance: 'LOW',
        ignored: 'null stays null here',
      },
    ],
    create: (config) => new Unwrap(config),
  },
];

class Unwrap {
  readonly #mode: Mode;
  readonly #fields: readonly Reference[];
  readonly #headers: readonly Reference[];
  /** Empty: the topic stays. */
  readonly #routeBy: string;
  /** Null: all fields stay. */
  readonly #drop: DropOptions | null;

  constructor(config: Config) {
    const header = config.optional('drop.fields.header.name') ?? '';
    const [fromKey, keepCompatible] = [config.boolean('drop.fields.from.key'), config.boolean('drop.fields.keep.schema.compatible')];
    this.#drop = header === '' ? null : { header, fromKey, keepCompatible };
    this.#routeBy = config.optional('route.by.field') ?? '';
    const mode = modes.find((each) => each === config.choice('delete.tombstone.handling.mode'));
    if (mode === undefined)
      throw invalid(
        'delete.tombstone.handling.mode',
        config.string('delete.tombstone.handling.mode'),
        `String must be one of: ${modes.join(', ')}`,
      );
    this.#mode = mode;
    this.#fields = config.list('add.fields').map((text) => reference(text, config.optional('add.fields.prefix') ?? ''));
    this.#headers = config.list('add.headers').map((text) => reference(text, config.optional('add.headers.prefix') ?? ''));
  }

  plan(shape: Shape, op: Op): ShapePlan | null {
    const plan = this.#unwrap(shape, op);
    const isRow = op === Op.CREATE || op === Op.UPDATE || op === Op.READ || op === Op.DELETE;
    if (plan === null || !isRow || !isEnvelope(shape.value)) return plan;
    const variants = this.#drop === null ? null : droppedFields(plan.shape, op, this.#drop);
    if (this.#routeBy !== '') return { ...plan, route: new RowTopics(this.#topicOf(shape, shape.value, op), null, variants) };
    return variants === null ? plan : { ...plan, route: new RowTopics(() => shape.topic, null, variants) };
  }

  #topicOf(shape: Shape, envelope: StructNode, op: Op): (change: Change) => string {
    const image = findField(envelope, op === Op.DELETE ? 'before' : 'after');
    const node = image?.kind === 'struct' ? findField(image, this.#routeBy) : null;
    if (node === null)
      throw new ConnectError('data.shape', `The rows of "${shape.topic}" have no column "${this.#routeBy}" to be routed by.`, {
        remedy: 'Correct "route.by.field", or keep other tables out by a predicate.',
      });
    const read = rowReader(node, shape.schema);
    // A row without a value stays on its topic.
    return (change) => String(read(change) ?? '') || shape.topic;
  }

  #unwrap(shape: Shape, op: Op): ShapePlan | null {
    const rewrites = this.#mode === 'rewrite' || this.#mode === 'rewrite-with-tombstone';
    const envelope = shape.value;
    if (!isEnvelope(envelope)) return { shape, step: null };
    const headed = { ...shape, headers: [...shape.headers, ...this.#addedHeaders(envelope, op)] };
    switch (op) {
      case Op.TOMBSTONE:
        // The other modes made a tombstone of the delete itself, or want none. Its row is there for transforms that follow.
        if (this.#mode !== 'rewrite-with-tombstone') return null;
        return { shape: { ...headed, value: this.#row(envelope, op, 'true') }, step: null };
      case Op.DELETE:
        if (this.#mode === 'drop') return null;
        if (!rewrites) return { shape: { ...headed, value: this.#row(envelope, op, null) }, step: null, tombstone: true };
        return { shape: { ...headed, value: this.#row(envelope, op, 'true') }, step: null };
      case Op.CREATE:
      case Op.UPDATE:
      case Op.READ:
        return { shape: { ...headed, value: this.#row(envelope, op, rewrites ? 'false' : null) }, step: this.#oldRowStep(shape, op) };
      case Op.TRUNCATE:
        return null;
      case Op.MESSAGE:
        return { shape, step: null };
    }
  }

  #row(envelope: StructNode, op: Op, deleted: string | null): Node {
    const image = op === Op.DELETE || op === Op.TOMBSTONE ? 'before' : 'after';
    const row = findField(envelope, image);
    if (row?.kind !== 'struct') throw new ConnectError('data.shape', `The envelope "${envelope.schema.name}" has no row in "${image}".`);
    const added: FieldNode[] = deleted === null ? [] : [{ name: '__deleted', node: text(deleted) }];
    for (const { struct, field, name } of this.#fields) {
      const node = resolve(envelope, struct, field, op);
      if (node !== null) added.push({ name, node: optional(node) });
    }
    // The operation says that this image is there, so that nothing has to be asked per row.
    const present: StructNode = { ...row, presence: null };
    return added.length === 0 ? { ...present, schema: { ...row.schema, optional: false } } : withFields(present, [...row.fields, ...added]);
  }

  /** Fields of the old row stand alone in the new one, also where there is no old row. */
  #oldRowStep({ schema }: Shape, op: Op): RowStep | null {
    if (op !== Op.UPDATE || ![...this.#fields, ...this.#headers].some(({ struct }) => struct === 'before')) return null;
    return ({ before }) => {
      fillMissing(before, schema.columns.length);
      return true;
    };
  }

  #addedHeaders(envelope: StructNode, op: Op): HeaderNode[] {
    return this.#headers.flatMap(({ struct, field, name }): HeaderNode[] => {
      // A tombstone's value, where the facts stand, is null; that it ends a deleted row is all that is said.
      if (op === Op.TOMBSTONE) return field === 'op' ? [{ name, node: requiredText('d'), ops: null, presence: null }] : [];
      const node = resolve(envelope, struct, field, op);
      return node === null ? [] : [{ name, node: optional(node), ops: null, presence: null }];
    });
  }
}

interface Reference {
  /** `source`, `transaction`; null for the envelope itself. */
  readonly struct: string | null;
  readonly field: string;
  readonly name: string;
}

const envelopeFields = new Set(['op', 'ts_ms', 'ts_us', 'ts_ns']);
const transactionFields = new Set(['id', 'data_collection_order', 'total_order']);

/** `op`, `source.lsn`, `table:as_name`. */
function reference(spec: string, prefix: string): Reference {
  const [path = '', rename, ...rest] = spec.split(':');
  const parts = path.split('.');
  if (rest.length > 0 || path === '' || parts.length > 2) throw invalid('add.fields', spec, `Unexpected field name: ${spec}`);
  const [first = '', second] = parts;
  if (second !== undefined) return { struct: first, field: second, name: prefix + (rename ?? `${first}_${second}`) };
  const struct = envelopeFields.has(first) ? null : transactionFields.has(first) ? 'transaction' : 'source';
  return { struct, field: first, name: prefix + (rename ?? first) };
}

/** Null where this envelope has no such field: such a field or header is left out, as in Debezium. */
function resolve(envelope: StructNode, struct: string | null, field: string, op: Op): Node | null {
  const parent = struct === null ? envelope : findField(envelope, struct);
  // A struct that is always null (no transaction metadata asked for) still says which fields it would have.
  const absent = parent?.kind === 'constant' ? parent.schema.fields?.find((each) => each.name === field) : undefined;
  if (absent !== undefined) return { kind: 'constant', schema: absent.schema, value: null };
  const node = (parent?.kind === 'struct' ? findField(parent, field) : null) ?? findField(envelope, field);
  const isMissing = struct === 'after' ? op === Op.DELETE : struct === 'before' && (op === Op.CREATE || op === Op.READ);
  return node !== null && isMissing ? { kind: 'constant', schema: node.schema, value: null } : node;
}

function isEnvelope(node: Node): node is StructNode {
  return node.kind === 'struct' && node.schema.name?.endsWith('.Envelope') === true && findField(node, 'after') !== null;
}

function optional(node: Node): Node {
  const { default: _default, ...schema } = node.schema;
  return { ...node, schema: { ...schema, optional: true } };
}

function requiredText(value: string): ConstantNode {
  return { kind: 'constant', schema: { type: 'string', optional: false }, value };
}

function text(value: string): ConstantNode {
  const schema: Schema = { type: 'string', optional: true };
  return { kind: 'constant', schema, value };
}
