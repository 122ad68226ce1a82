import { parseSignalText, type SignalChannelParts } from './signal-channel.ts';
import { SignalFault } from './signal.ts';

/** Signals of a topic: records whose key is `topic.prefix`. The position in the topic is part of the offset. */
export async function followSignalTopic({ context, settings, state, signal, obey, stored }: SignalChannelParts): Promise<void> {
  const { topic, consumer } = settings.signals;
  if (context.followTopic === undefined) {
    context.log.warn({ topic }, 'signals cannot be read from Kafka here');
    return;
  }
  await context.followTopic({
    client: consumer,
    topic,
    from: state.topicOffset,
    signal,
    onStart: (offset) => {
      if (state.topicOffset !== null) return;
      state.topicOffset = offset;
      stored().catch(() => {});
    },
    onRecord: ({ offset, key, value }) => {
      if (state.topicOffset !== null && offset < state.topicOffset) return;
      state.topicOffset = offset + 1n;
      if (key?.toString('utf8') !== settings.topicPrefix) return;
      try {
        if (value === null) throw new SignalFault('it has no value');
        obey(parseSignalText(value.toString('utf8'), `${topic}-${offset}`), 'kafka');
      } catch (error) {
        if (!(error instanceof SignalFault)) throw error;
        context.log.warn({ topic, offset: String(offset) }, `a record of the signal topic is ignored: ${error.message}`);
      }
      stored().catch(() => {});
    },
  });
}
