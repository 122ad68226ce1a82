import { Op } from '../../record/change.ts';
import type { TransformPlugin } from '../plugin.ts';
import type { ShapePlan } from '../transform.ts';
import { bindExpression } from './expression-program.ts';
import { javaDateFormat } from './java-date-format.ts';
import { stringKey } from './part.ts';
import { RowTopics } from './row-topics.ts';
import { Script, scriptKeys } from './scripted.ts';

/** Topics that depend on the row: on an expression, or on the record's time. */
export const rowRouterPlugins: readonly TransformPlugin[] = [
  {
    className: 'io.debezium.transforms.ContentBasedRouter',
    aliases: [],
    configKeys: [stringKey('topic.expression', "Gives the topic, or null to leave it: value.after.vip ? 'vips' : null"), ...scriptKeys],
    create(config) {
      const script = new Script(config, 'topic.expression');
      return {
        plan(shape, op): ShapePlan | null {
          const look = script.looksAt(shape, op);
          if (look === 'drop') return null;
          if (look === 'keep') return { shape, step: null };
          const topic = bindExpression(script.expression, shape, op === Op.TOMBSTONE);
          return { shape, step: null, route: new RowTopics((change) => String(topic(change) ?? shape.topic)) };
        },
      };
    },
  },
  {
    className: 'org.apache.kafka.connect.transforms.TimestampRouter',
    aliases: [],
    configKeys: [
      stringKey('topic.format', 'Format string which can contain ${topic} and ${timestamp}.', '${topic}-${timestamp}'),
      stringKey('timestamp.format', 'Format string for the timestamp, as of java.text.SimpleDateFormat, in UTC.', 'yyyyMMdd'),
    ],
    create(config) {
      const format = config.string('topic.format');
      const timeText = javaDateFormat(config.string('timestamp.format'), 'timestamp.format');
      return {
        plan(shape): ShapePlan {
          const pattern = format.replaceAll('${topic}', () => shape.topic);
          const topicOf = (epochMs: number): string => pattern.replaceAll('${timestamp}', () => timeText(epochMs));
          const memory = { epochMs: Number.NaN, topic: '' };
          const route = new RowTopics(({ timestampMs }) => {
            // Rows of one transaction share their time.
            if (timestampMs !== memory.epochMs) Object.assign(memory, { epochMs: timestampMs, topic: topicOf(timestampMs) });
            return memory.topic;
          });
          return { shape, step: null, route };
        },
      };
    },
  },
];
