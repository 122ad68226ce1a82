import { ByteSink } from '../base/byte-sink.ts';
import { ConnectError, isIncompatible } from '../base/errors.ts';
import { Change, Op } from '../record/change.ts';
import type { TupleRef } from '../record/change.ts';
import type { RowSchema } from '../record/row-schema.ts';
import type { HeaderNode, Node, Shape } from '../record/shape.ts';
import type { Converter, ConverterContext, RowEncoder } from './converter.ts';
import { HeaderEncoder } from './header-encoder.ts';
import type { HeaderPart } from './header-encoder.ts';
import { headerTexts } from './transforms/header-texts.ts';
import type { RowPartition, RowRoute, RowStep, RowTarget, Transform } from './transform.ts';

/** Everything that the row path needs to know about one shape and operation. */
export interface RowPlan {
  readonly topic: string;
  /** Null: no step. */
  readonly steps: readonly RowStep[] | null;
  /** Null: null key. */
  readonly key: RowEncoder | null;
  /** Null: a null value, as of tombstones. */
  readonly value: RowEncoder | null;
  /** The value is null when this image has no columns; null: it is always there. */
  readonly valuePresence: TupleRef | null;
  /** Null: no headers. */
  readonly headers: HeaderEncoder | null;
  /** Null: by key. */
  readonly partition: RowPartition | null;
  /** The registry finds the schemas incompatible: no row may be written there; null: none of that. */
  readonly refusal: ConnectError | null;
  /** Not null: the topic is chosen per row, and key, value and headers are those of `route.open`. */
  readonly route: RoutePlan | null;
}

export interface RoutePlan {
  readonly rows: RowRoute;
  /** What becomes of rows that go there, which may have a route of its own or be refused; null: they are filtered out. */
  open(target: RowTarget): Promise<RowPlan | null>;
}

/** One plan per operation, indexed by `Op`; null: such changes are filtered out. */
export type ShapePlans = readonly (RowPlan | null)[];

export interface ShapePlanner {
  readonly transforms: readonly Transform[];
  readonly keyConverter: Converter;
  readonly valueConverter: Converter;
  readonly headerConverter: Converter;
}

interface Outcome {
  readonly shape: Shape;
  readonly steps: readonly RowStep[];
  readonly tombstone: boolean;
  readonly partition: RowPartition | null;
  readonly route: { readonly rows: RowRoute; continue(target: RowTarget): Outcome | null } | null;
}

/**
 * Takes a shape through transforms and converters, once for each operation. Operations that come out alike share their
 * encoders, so that a chain without opinions on operations is compiled once. Rejects with `data.shape` or `registry.*`.
 */
export async function planShape(shape: Shape, planner: ShapePlanner): Promise<ShapePlans> {
  const { textHeader } = planner.valueConverter;
  const transforms = textHeader === undefined ? planner.transforms : [...planner.transforms, headerTexts(textHeader)];
  for (const transform of transforms) await transform.prepare?.(shape);
  const outcomes = Object.values(Op).map((op) => outcomeOf(shape, op, transforms));
  const compiler = new ShapeCompiler(planner);
  const plans: (RowPlan | null)[] = [];
  for (const [op, outcome] of outcomes.entries()) {
    plans.push(outcome === null || 'refused' in outcome ? null : await planOf(outcome, op as Op, compiler));
  }
  // What is never written must not have a topic made for it, or schemas: it is told with the topic of the others.
  const topic = plans.find((plan) => plan !== null && plan.topic !== '')?.topic ?? shape.topic;
  return plans.map((plan, op) => {
    const outcome = outcomes[op] ?? null;
    return outcome !== null && 'refused' in outcome ? { ...emptyPlan, topic, steps: [refusal(outcome.refused)] } : plan;
  });
}

/** What only truncates, messages or tombstones would have cannot fail before there is one: see `outcomeOf`. */
async function planOf(outcome: Outcome, op: Op, compiler: ShapeCompiler): Promise<RowPlan> {
  try {
    return await compilePlan(outcome, op, compiler);
  } catch (error) {
    const { topic } = outcome.shape;
    if (ordinaryOps.has(op) || topic === '' || !(error instanceof ConnectError) || error.code !== 'data.shape') throw error;
    return { ...emptyPlan, topic, steps: [refusal(error)] };
  }
}

/** Compiles what is alike once. Operations mostly share their nodes; to compare two of them as data takes longer. */
class ShapeCompiler {
  readonly planner: ShapePlanner;
  readonly #byPlace = new Map<string, CompiledNode[]>();
  readonly #present = new Map<Node, Node>();
  readonly #headers: { readonly nodes: readonly HeaderNode[]; readonly place: string; readonly encoder: Promise<HeaderEncoder> }[] = [];

  constructor(planner: ShapePlanner) {
    this.planner = planner;
  }

  compile(converter: Converter, node: Node, context: ConverterContext): Promise<RowEncoder | null> {
    const place = converter.readsHeaders === true ? `${placeOf(context)} ${JSON.stringify(context.headers, signed)}` : placeOf(context);
    const compiled = this.#byPlace.get(place) ?? [];
    this.#byPlace.set(place, compiled);
    const same = compiled.find((each) => each.node === node);
    if (same !== undefined) return same.encoder;
    // Operations mostly share their nodes: to write one down as data is worth it only beside another.
    const signature = compiled.length === 0 ? null : signNode(node);
    const equal = compiled.find((each) => (each.signature ??= signNode(each.node)) === signature);
    const encoder = equal?.encoder ?? Promise.try(() => converter.compile(node, context));
    compiled.push({ node, signature, encoder });
    return encoder;
  }

  /** The value's node as it is where the value is there. */
  present(value: Node): Node {
    if (value.kind !== 'struct') return value;
    const present = this.#present.get(value) ?? { ...value, presence: null };
    this.#present.set(value, present);
    return present;
  }

  /** `added`: what the converters of key and value want there, behind the shape's own. Null: there are none. */
  async headers(nodes: readonly HeaderNode[], context: ConverterContext, added: readonly HeaderPart[]): Promise<HeaderEncoder | null> {
    if (added.length > 0) return new HeaderEncoder([...(await this.#compileParts(nodes, context)), ...added]);
    if (nodes.length === 0) return null;
    const place = placeOf(context);
    const alike = this.#headers.find(
      (each) => each.place === place && each.nodes.length === nodes.length && each.nodes.every((node, index) => node === nodes[index]),
    );
    if (alike !== undefined) return alike.encoder;
    const encoder = this.#compileParts(nodes, context).then((parts) => new HeaderEncoder(parts));
    this.#headers.push({ nodes, place, encoder });
    return encoder;
  }

  async #compileParts(nodes: readonly HeaderNode[], context: ConverterContext): Promise<HeaderPart[]> {
    const parts: HeaderPart[] = [];
    for (const header of nodes) {
      const encoder = await this.compile(this.planner.headerConverter, header.node, context);
      parts.push({
        name: header.name,
        presence: header.presence,
        register: header.presenceRegister ?? -1,
        value: encoder === null ? null : fixedValue(header, encoder, context.schema),
      });
    }
    return parts;
  }
}

function placeOf({ part, topic, schema }: ConverterContext): string {
  return `${part} ${topic} ${schema.id}`;
}

/** Operations that a source of rows has sooner or later; a chain that cannot take one of them is refused at once. */
const ordinaryOps: ReadonlySet<Op> = new Set([Op.CREATE, Op.UPDATE, Op.DELETE, Op.READ]);

/** A chain that cannot take a truncate, a message or a tombstone fails with the first of them, since there may never be one. */
function outcomeOf(shape: Shape, op: Op, transforms: readonly Transform[]): Outcome | { readonly refused: unknown } | null {
  try {
    return applyTransforms(shape, op, transforms);
  } catch (error) {
    if (ordinaryOps.has(op)) throw error;
    return { refused: error };
  }
}

function refusal(error: unknown): RowStep {
  return () => {
    throw error;
  };
}

function applyTransforms(
  shape: Shape,
  op: Op,
  transforms: readonly Transform[],
  isTombstone = op === Op.TOMBSTONE,
  chosen = fixedPartition(shape),
): Outcome | null {
  let at = shape;
  let partition = chosen;
  let tombstone = isTombstone;
  const steps: RowStep[] = [];
  for (const [index, transform] of transforms.entries()) {
    const plan = transform.plan(at, tombstone ? Op.TOMBSTONE : op, partition);
    if (plan === null) return null;
    at = plan.shape;
    tombstone ||= plan.tombstone === true;
    if (plan.step !== null) steps.push(plan.step);
    partition = plan.partition ?? partition;
    if (plan.route === undefined) continue;
    const [routed, isGone, placed] = [at, tombstone, partition];
    const rest = transforms.slice(index + 1);
    const route = {
      rows: plan.route,
      continue: (target: RowTarget) =>
        applyTransforms(target.shape ?? { ...routed, topic: target.topic }, target.op ?? op, rest, isGone || target.tombstone, placed),
    };
    return { shape: at, steps, tombstone, partition, route };
  }
  return { shape: at, steps, tombstone, partition, route: null };
}

function fixedPartition({ partition }: Shape): RowPartition | null {
  return partition === undefined ? null : () => partition;
}

async function compilePlan(outcome: Outcome, op: Op, compiler: ShapeCompiler): Promise<RowPlan> {
  const { planner } = compiler;
  const { shape, steps, tombstone, route } = outcome;
  const { topic, schema } = shape;
  const stepsOrNull = steps.length === 0 ? null : steps;
  if (route !== null) return routedPlan(stepsOrNull, route, op, compiler);
  if (topic === '') {
    throw new ConnectError('data.shape', `The transforms leave no topic name for "${schema.name}".`, {
      remedy: 'Correct the replacement of the transform that routes it (RegexRouter).',
    });
  }
  // A truncate names no row, hence has no key.
  const keyNode = op === Op.TRUNCATE ? null : shape.key;
  const presence = shape.value.kind === 'struct' ? shape.value.presence : null;
  // An absent image makes the record's value null (below), so that the struct itself is always there when it is written.
  const valueNode = compiler.present(shape.value);
  const headers = shape.headers.filter((each) => each.ops === null || each.ops.includes(op));
  const context = { topic, schema, headers, headersDescribed: planner.headerConverter.describesItself === true };
  // Each may be a request to a registry: they go side by side, and of two refusals that of the key is told.
  const parts = [
    keyNode === null ? Promise.resolve(null) : compiler.compile(planner.keyConverter, keyNode, { ...context, part: 'key' }),
    tombstone ? Promise.resolve(null) : compiler.compile(planner.valueConverter, valueNode, { ...context, part: 'value' }),
  ] as const;
  await Promise.allSettled(parts);
  const [key, value] = await Promise.all(parts);
  const added = [...encoderHeaders(key, null), ...encoderHeaders(value, presence)];
  return {
    topic,
    steps: stepsOrNull,
    key,
    value,
    valuePresence: presence,
    headers: await compiler.headers(headers, { topic, schema, part: 'header' }, added),
    partition: outcome.partition,
    refusal: null,
    route: null,
  };
}

/** Nothing is compiled for a topic before a row goes there. */
function routedPlan(steps: readonly RowStep[] | null, route: NonNullable<Outcome['route']>, op: Op, compiler: ShapeCompiler): RowPlan {
  const open = async (target: RowTarget): Promise<RowPlan | null> => {
    const rest = route.continue(target);
    if (rest === null) return null;
    return compilePlan(rest, op, compiler).catch((error: unknown) => {
      if (!isIncompatible(error)) throw error;
      return { ...emptyPlan, topic: rest.shape.topic, refusal: error };
    });
  };
  return { ...emptyPlan, steps, route: { rows: route.rows, open } };
}

const emptyPlan: RowPlan = {
  topic: '',
  steps: null,
  key: null,
  value: null,
  valuePresence: null,
  headers: null,
  partition: null,
  refusal: null,
  route: null,
};

function encoderHeaders(encoder: RowEncoder | null, presence: HeaderPart['presence']): HeaderPart[] {
  return (encoder?.headers ?? []).map(([name, value]) => ({ name, value, presence, register: -1 }));
}

/** Constants are encoded here and now, with a change that has no rows, because nobody will look at them. */
function fixedValue(header: HeaderNode, encoder: RowEncoder, schema: RowSchema): HeaderPart['value'] {
  if (header.node.kind !== 'constant') return encoder;
  const change = new Change(schema, 0, () => 'a constant header');
  const out = new ByteSink(Buffer.alloc(0));
  encoder.encode(change, out);
  out.bytes = Buffer.alloc(out.at);
  out.at = 0;
  encoder.encode(change, out);
  // As in the headers that differ by row: see `RowEncoder.encode`.
  return out.at === 1 && out.bytes[0] === 0xff ? null : out.bytes;
}

interface CompiledNode {
  readonly node: Node;
  /** Null: not needed so far. */
  signature: string | null;
  readonly encoder: Promise<RowEncoder | null>;
}

/** Equal signatures compile to equal encoders: the node as data. */
function signNode(node: Node): string {
  return JSON.stringify(node, signed);
}

function signed(_key: string, value: unknown): unknown {
  return typeof value === 'bigint' ? `${value}n` : value;
}
