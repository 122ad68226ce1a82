/** Kafka's own limit. */
const topicBytesMax = 249;

/** `<prefix>.<schema>.<table>`; what Kafka does not take in a topic name becomes `_`, what is too long is cut. */
export function topicName(prefix: string, delimiter: string, ...parts: readonly string[]): string {
  return [prefix, ...parts]
    .join(delimiter)
    .replaceAll(/[^\w.-]/g, '_')
    .slice(0, topicBytesMax);
}
