/** Label names to values. */
type Tags = Readonly<Record<string, string>>;

/**
 * Prometheus text with the tags of each series' connector among its labels. A tag with the name of a label that the series
 * has already is named `exported_<name>`, as Prometheus itself does in such a case.
 */
export function withTags(text: string, byConnector: ReadonlyMap<string, Tags>): string {
  return text.replace(/^([A-Za-z_:][\w:]*)\{(.*)\} (\S+)$/gm, (line, name: string, body: string, value: string) => {
    // Label after label: what looks like one inside a value is none.
    const labels = new Map(Array.from(body.matchAll(/(\w+)="((?:[^"\\]|\\.)*)",?/g), ([, label = '', text = '']) => [label, text]));
    const tags = byConnector.get(unescape(labels.get('connector') ?? ''));
    if (tags === undefined) return line;
    const more = Object.entries(tags).map(([tag, text]) => `${labels.has(tag) ? `exported_${tag}` : tag}="${escape(text)}"`);
    return `${name}{${[body, ...more].join(',')}} ${value}`;
  });
}

/** `a=b,c=d` as labels: characters that Prometheus does not allow in a name become `_`. */
export function parseTags(text: string): Tags {
  return Object.fromEntries(items(text).map(([key, value]) => [labelName(key), value]));
}

/** The complaint about `a=b,c=d`, or null. */
export function checkTags(text: string): string | null {
  const names = new Map<string, string>();
  for (const [key, value] of items(text)) {
    if (key === '' || value === '') return 'must be of the form <key>=<value>,<key>=<value>,...';
    const name = labelName(key);
    const other = names.get(name);
    if (other !== undefined) return `"${other}" and "${key}" are the same label "${name}"`;
    names.set(name, key);
  }
  return null;
}

function items(text: string): (readonly [string, string])[] {
  return text
    .split(',')
    .filter((item) => item.trim() !== '')
    .map((item) => {
      const at = item.indexOf('=');
      return at < 0 ? [item.trim(), ''] : [item.slice(0, at).trim(), item.slice(at + 1).trim()];
    });
}

/** Names that begin with `__` are Prometheus' own. */
function labelName(key: string): string {
  return key
    .replace(/[^A-Za-z0-9_]/g, '_')
    .replace(/^(?=\d)/, '_')
    .replace(/^__+/, '_');
}

function escape(text: string): string {
  return text.replaceAll('\\', '\\\\').replaceAll('"', '\\"').replaceAll('\n', '\\n');
}

function unescape(text: string): string {
  return text.replace(/\\(.)/g, (_, char: string) => (char === 'n' ? '\n' : char));
}
