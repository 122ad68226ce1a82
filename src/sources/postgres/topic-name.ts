/** Kafka's own limit. */
const topicBytesMax = 249;

const replacements = {
  underscore: { illegal: /[^\w.-]/g, replacement: () => '_' },
  /** `_` itself is replaced, too, so that names can be told apart. */
  unicode: {
    illegal: /[^A-Za-z0-9.-]/g,
    replacement: (unit: string) => `_u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`,
  },
} as const;

/** A name that Kafka takes: what it does not is replaced by UTF-16 unit, what is too long is cut. */
export function topicName(mode: 'underscore' | 'unicode', name: string): string {
  const { illegal, replacement } = replacements[mode];
  const legal = name.replaceAll(illegal, replacement).slice(0, topicBytesMax);
  return legal === '.' || legal === '..' ? legal.replace('.', replacement('.')) : legal;
}
