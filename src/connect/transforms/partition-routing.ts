import { Op } from '../../record/change.ts';
import type { Node, Shape, StructNode } from '../../record/shape.ts';
import type { Config } from '../config.ts';
import type { TransformPlugin } from '../plugin.ts';
import type { RowPartition, ShapePlan } from '../transform.ts';
import { rowHash } from './java-hash.ts';
import type { HashFunction } from './java-hash.ts';
import { findField, invalid, listKey, stringKey } from './part.ts';

/** Partitions by fields of the envelope in place of the key, as Debezium computes them. */
export const partitionRoutingPlugin: TransformPlugin = {
  className: 'io.debezium.transforms.partitions.PartitionRouting',
  aliases: [],
  configKeys: [
    listKey('partition.payload.fields', 'Fields that the partition is computed from: change.name, after.name, source.table, op.'),
    { ...stringKey('partition.topic.num', 'How many partitions of the topic are written to.'), type: 'INT' },
    {
      ...stringKey('partition.hash.function', 'Hash function of the fields: java or murmur.', 'java'),
      importance: 'LOW',
      oneOf: ['java', 'murmur'],
    },
  ],
  create(config) {
    const paths = config.list('partition.payload.fields').map((path) => path.split('.').map((part) => part.trim()));
    if (paths.length === 0 || paths.some((path) => path.includes('')))
      throw invalid('partition.payload.fields', config.string('partition.payload.fields'), 'write names of fields, such as change.id');
    const partitions = config.int('partition.topic.num');
    if (!Number.isInteger(partitions) || partitions < 1)
      throw invalid('partition.topic.num', config.string('partition.topic.num'), 'a positive number is expected');
    const how = hashFunction(config);
    return {
      plan(shape, op): ShapePlan {
        const envelope = shape.value;
        const isRow = op === Op.CREATE || op === Op.UPDATE || op === Op.DELETE || op === Op.READ;
        if (!isRow || envelope.kind !== 'struct' || envelope.schema.name?.endsWith('.Envelope') !== true) return { shape, step: null };
        const nodes = paths.flatMap((path) => resolve(envelope, path, op) ?? []);
        if (nodes.length === 0) return { shape, step: null };
        return { shape, step: null, partition: partitionOf(nodes, shape, how, partitions) };
      },
    };
  },
};

function hashFunction(config: Config): HashFunction {
  const name = config.choice('partition.hash.function').toLowerCase();
  if (name === 'java' || name === 'murmur') return name;
  throw invalid('partition.hash.function', name, 'it must be java or murmur');
}

/** Null: these records have no such field, and the others decide. */
function resolve(envelope: StructNode, path: readonly string[], op: Op): Node | null {
  let node: Node | null = envelope;
  for (const [at, part] of path.entries()) {
    if (node?.kind !== 'struct') return null;
    const isImage = part === 'change' && at < path.length - 1;
    node = findField(node, isImage ? (op === Op.DELETE ? 'before' : 'after') : part);
  }
  return node;
}

function partitionOf(nodes: readonly Node[], shape: Shape, how: HashFunction, partitions: number): RowPartition {
  const hashes = nodes.map((node) => rowHash(node, shape.schema, how));
  return (change) => {
    let [sum, values] = [0, 0];
    for (const hash of hashes) {
      const value = hash(change);
      if (value === null) continue;
      sum = (sum + value) | 0;
      values += 1;
    }
    if (values === 0) return -1;
    const positive = sum & 0x7fff_ffff;
    return positive === 0x7fff_ffff ? 0 : positive % partitions;
  };
}
