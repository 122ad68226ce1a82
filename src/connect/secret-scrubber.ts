/**
 * The last line of defence for secrets: texts made by others (driver errors, traces, log lines) pass through here before
 * anybody sees them. The first line is that nobody puts a secret into a text.
 */
export class SecretScrubber {
  readonly #secrets = new Set<string>();
  #pattern: RegExp | null = null;

  /**
   * Remembers a secret for the life of the process. Values that also occur openly in the same config are left out: a
   * demo whose password, user and database are all `postgres` should not lose the word from every message.
   */
  add(secret: string, open: ReadonlySet<string> = new Set()): void {
    for (const part of parts(secret)) {
      if (part.length < 4 || open.has(part) || this.#secrets.has(part)) continue;
      this.#secrets.add(part);
      this.#pattern = null;
    }
  }

  /** The secrets of one config: whole values under secret names, and the passwords inside addresses under any name. */
  addConfig(values: Readonly<Record<string, string | null>>, isSecret: (name: string) => boolean): void {
    const given = Object.entries(values).filter((entry): entry is [string, string] => entry[1] !== null);
    const open = new Set(given.filter(([name]) => !isSecret(name)).map(([, value]) => value));
    for (const [name, value] of given) {
      if (isSecret(name)) this.add(value, open);
      else for (const match of value.matchAll(/:\/\/[^/@\s:,]*:([^/@\s,]+)@/g)) this.add(match[1] ?? '', open);
    }
  }

  scrub(text: string): string {
    if (this.#secrets.size === 0) return text;
    this.#pattern ??= new RegExp(
      [...this.#secrets]
        .sort((a, b) => b.length - a.length)
        .map((secret) => `(?<![A-Za-z0-9])${RegExp.escape(secret)}(?![A-Za-z0-9])`)
        .join('|'),
      'g',
    );
    return text.replace(this.#pattern, '[hidden]');
  }
}

/** A JAAS line, `user:password` and a JSON-escaped form each hold the secret inside. */
function parts(secret: string): string[] {
  const found = [secret, JSON.stringify(secret).slice(1, -1)];
  for (const match of secret.matchAll(/password\s*=\s*"([^"]*)"/gi)) if (match[1] !== undefined) found.push(match[1]);
  const userInfo = /^[^\s:]+:(\S+)$/.exec(secret)?.[1];
  if (userInfo !== undefined) found.push(userInfo);
  const url = /^\w+:\/\/[^/@\s:]*:([^/@\s]+)@/.exec(secret)?.[1];
  if (url !== undefined) found.push(url);
  return found;
}

/** Keys whose values are secrets although nobody declared them as such. */
export function looksSecret(key: string): boolean {
  return /passw(or)?d|secret|token|credential|jaas|user\.info|private|keystore\.key/i.test(key);
}
