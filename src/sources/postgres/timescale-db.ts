import type { Logger } from '../../base/log.ts';
import type { Config } from '../../connect/config.ts';
import type { ConfigKey, TransformPlugin } from '../../connect/plugin.ts';
import type { ShapePlan, Transform } from '../../connect/transform.ts';
import { Op } from '../../record/change.ts';
import type { FieldNode, HeaderNode, Node, Shape, StructNode } from '../../record/shape.ts';
import { timescaleDbNames } from './class-names.ts';
import { connectionKeys } from './connection-keys.ts';
import { SessionFactory } from './session.ts';
import { connectionSettings } from './settings.ts';
import { TimescaleCatalog, type TableName } from './timescale-catalog.ts';

const group = { importance: 'HIGH', group: 'TimescaleDB' } as const;

const configKeys: readonly ConfigKey[] = [
  {
    ...group,
    name: 'schema.list',
    type: 'LIST',
    default: '_timescaledb_internal',
    doc: 'Schemas that hold the chunks of TimescaleDB.',
  },
  {
    ...group,
    name: 'target.topic.prefix',
    type: 'STRING',
    default: 'timescaledb',
    doc: 'What the topics of hypertables and aggregates begin with.',
  },
  ...connectionKeys.filter(({ name, ignored }) => /^(database|driver|connection)\./.test(name) && ignored === undefined),
];

/** Rows of chunks go to the topic of their hypertable, or of the continuous aggregate that it keeps; headers tell where they were. */
export const timescaleDbPlugin: TransformPlugin = {
  ...timescaleDbNames,
  configKeys,
  create: (config, log) => new TimescaleDb(config, log),
};

const headerPrefix = '__debezium_timescaledb_';

class TimescaleDb implements Transform {
  readonly #schemas: ReadonlySet<string>;
  readonly #prefix: string;
  readonly #catalog: TimescaleCatalog;
  readonly #log: Logger | undefined;

  constructor(config: Config, log: Logger | undefined) {
    const schemas = config.list('schema.list');
    this.#schemas = new Set(schemas.length === 0 ? ['_timescaledb_internal'] : schemas);
    this.#prefix = config.string('target.topic.prefix');
    this.#catalog = new TimescaleCatalog(new SessionFactory(connectionSettings(config), 'millrace timescaledb'));
    this.#log = log;
  }

  async prepare(shape: Shape): Promise<void> {
    const chunk = this.#chunkOf(shape);
    if (chunk === null || (await this.#catalog.find(chunk)) !== null) return;
    this.#log?.warn(chunk, 'TimescaleDB knows no chunk of this name: its records keep their topic');
  }

  plan(shape: Shape, op: Op): ShapePlan {
    const chunk = this.#chunkOf(shape);
    const owner = chunk === null ? null : this.#catalog.owner(chunk);
    const source = sourceOf(shape);
    if (chunk === null || owner === null || source === null || shape.value.kind !== 'struct') return { shape, step: null };
    const { schema, table } = owner.aggregate ?? owner.hypertable;
    const named = withNode(withNode(source, 'schema', constantOf(schema)), 'table', constantOf(table));
    const headers = [...shape.headers, ...headersOf('chunk', chunk)];
    if (owner.aggregate !== null) headers.push(...headersOf('hypertable', owner.hypertable));
    // A tombstone shares the headers of its delete in Debezium, and is no envelope, which keeps its topic.
    if (op === Op.TOMBSTONE) return { shape: { ...shape, headers }, step: null };
    return {
      shape: { ...shape, topic: `${this.#prefix}.${schema}.${table}`, value: withNode(shape.value, 'source', named), headers },
      step: null,
    };
  }

  /** Null: a table of no schema of chunks, or no table. */
  #chunkOf(shape: Shape): TableName | null {
    const [schema, table] = ['schema', 'table'].map((name) => {
      const node = nodeOf(sourceOf(shape), name);
      return node?.kind === 'constant' && typeof node.value === 'string' ? node.value : null;
    });
    return typeof schema === 'string' && typeof table === 'string' && this.#schemas.has(schema) ? { schema, table } : null;
  }
}

/** Null: no envelope. */
function sourceOf({ value }: Shape): StructNode | null {
  const source = value.kind === 'struct' && value.schema.name?.endsWith('Envelope') === true ? nodeOf(value, 'source') : null;
  return source?.kind === 'struct' ? source : null;
}

function nodeOf(struct: StructNode | null, name: string): Node | null {
  return struct?.fields.find((field) => field.name === name)?.node ?? null;
}

/** Another node under the same schema. */
function withNode(struct: StructNode, name: string, change: Node | ((node: Node) => Node)): StructNode {
  const fields = struct.fields.map((field): FieldNode => {
    if (field.name !== name) return field;
    return { name, node: typeof change === 'function' ? change(field.node) : change };
  });
  return { ...struct, fields };
}

function constantOf(value: string): (node: Node) => Node {
  return ({ schema }) => ({ kind: 'constant', schema, value });
}

function headersOf(what: 'chunk' | 'hypertable', { schema, table }: TableName): HeaderNode[] {
  const header = (part: string, value: string): HeaderNode => ({
    name: `${headerPrefix}${what}_${part}`,
    node: { kind: 'constant', schema: { type: 'string', optional: false }, value },
    ops: null,
    presence: null,
  });
  return [header('table', table), header('schema', schema)];
}
