import type { Converter, ConverterContext, RowEncoder } from '../../connect/converter.ts';
import type { Node } from '../../record/shape.ts';
import type { Schema } from '../../record/schema.ts';

/** What records of a topic look like, as far as it is known. */
export interface TopicSchemas {
  key: Schema | null;
  value: Schema | null;
}

/** Writes as another converter does, and keeps the schemas, which the sink makes its tables of. */
export class TableConverter implements Converter {
  readonly #inner: Converter;
  readonly #topics: Map<string, TopicSchemas>;

  constructor(inner: Converter, topics: Map<string, TopicSchemas>) {
    this.#inner = inner;
    this.#topics = topics;
  }

  compile(node: Node, context: ConverterContext): Promise<RowEncoder | null> {
    const known = this.#topics.get(context.topic) ?? { key: null, value: null };
    if (context.part !== 'header') known[context.part] = node.schema;
    this.#topics.set(context.topic, known);
    return this.#inner.compile(node, context);
  }
}
