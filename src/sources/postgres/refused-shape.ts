import { ConnectError, isIncompatible } from '../../base/errors.ts';
import type { Logger } from '../../base/log.ts';
import type { ChangeOutlet } from '../../connect/source.ts';
import type { RowSchema } from '../../record/row-schema.ts';
import type { Shape } from '../../record/shape.ts';
import { describeSchemaChange } from './schema-change.ts';

/** What becomes of a table whose changed schema the registry refuses. */
export type RefusedPolicy = 'fail' | 'new_topic' | 'dead_letter';

const topicsMax = 100;

export interface ShapeDeclaration {
  readonly shape: Shape;
  /** `public.orders` */
  readonly table: string;
  /** The form that the table had before; absent: not known. */
  readonly before?: RowSchema | undefined;
}

export interface DeclareOptions {
  readonly policy: RefusedPolicy;
  readonly out: ChangeOutlet;
  readonly log: Logger;
}

/**
 * Declares a shape. Where the registry finds it incompatible with what the subject has, the policy decides: the error
 * stops the connector, or the records go to `<topic>.2` and so on, the first whose subject takes them, or the answer is why
 * the table's rows are to become dead letters. Any other failure is an error. Null: rows may be emitted.
 */
export async function declareShape(declaration: ShapeDeclaration, { policy, out, log }: DeclareOptions): Promise<ConnectError | null> {
  const { shape, table } = declaration;
  let refused: ConnectError;
  try {
    await out.declare(shape);
    return null;
  } catch (error) {
    if (!isIncompatible(error)) throw error;
    refused = error;
  }
  const refusal = refusalOf(refused, declaration, policy);
  if (policy === 'fail') throw refusal;
  const topic = policy === 'new_topic' ? await declareElsewhere(shape, refused, out) : null;
  if (policy === 'new_topic' && topic === null) throw refusal;
  const follows = topic === null ? 'its rows become dead letters' : `its records go to topic "${topic}"`;
  log.warn({ table, topic, subject: refused.details['subject'] }, `${refusal.message} Until its schema is accepted ${follows}.`);
  return topic === null ? refusal : null;
}

/** The topic whose subject takes the shape; null: none does. */
async function declareElsewhere(shape: Shape, refused: ConnectError, out: ChangeOutlet): Promise<string | null> {
  for (let number = 2; number <= topicsMax; number += 1) {
    const topic = `${shape.topic}.${number}`;
    try {
      await out.declare({ ...shape, topic });
      return topic;
    } catch (error) {
      if (!isIncompatible(error)) throw error;
      // Subjects are not named after topics, or a transform leads all of them to one: another number changes nothing.
      if (error.details['subject'] === refused.details['subject']) return null;
    }
  }
  return null;
}

const remedies: Readonly<Record<RefusedPolicy, string>> = {
  fail:
    'Give the subject a compatibility level that takes the change (NONE, until the connector has gone on), or set "schema.change.refused.policy" ' +
    'to "new_topic" or "dead_letter"; then restart the connector: it goes on where it stopped, and until then the slot keeps everything. ' +
    'Undoing the change of the table helps only rows that are written after that: those in the log keep their form.',
  new_topic:
    'No topic of another number has a subject that takes it: give the subject a compatibility level that does, or name subjects after topics ' +
    '(TopicNameStrategy) and have no transform lead several topics to one; then restart the connector.',
  dead_letter:
    'Give the subject a compatibility level that takes the change and restart the connector: rows are written again from then on.',
};

function refusalOf(refused: ConnectError, { shape, table, before }: ShapeDeclaration, policy: RefusedPolicy): ConnectError {
  const change = before === undefined ? '' : describeSchemaChange(before, shape.schema);
  const what = change === '' ? '' : ` (${change})`;
  return new ConnectError('registry.schema', `The schema of table ${table} was refused${what}. ${refused.message}`, {
    remedy: remedies[policy],
    details: { ...refused.details, table, topic: shape.topic },
  });
}
