import { ConnectError } from './errors.ts';

/** Offsets of a zone, asked of the engine once per hour of local time and remembered. */
export class TimeZone {
  readonly #fixedSeconds: number | null;
  readonly #format: Intl.DateTimeFormat | null;
  readonly #offsets = new Map<number, number>();

  /** `UTC`, `+02:00`, or a name of the IANA database such as `Europe/Berlin`. Throws `config.invalid`. */
  constructor(name: string) {
    const fixed = /^(?:UTC|GMT|Z)?(?:([+-])(\d{1,2})(?::?(\d\d))?)?$/i.exec(name);
    if (fixed !== null) {
      const [, sign, hours = '0', minutes = '0'] = fixed;
      this.#fixedSeconds = (sign === '-' ? -1 : 1) * (Number(hours) * 3600 + Number(minutes) * 60);
      this.#format = null;
      return;
    }
    this.#fixedSeconds = null;
    try {
      this.#format = new Intl.DateTimeFormat('en-US', {
        timeZone: name,
        hourCycle: 'h23',
        era: 'short',
        year: 'numeric',
        month: 'numeric',
        day: 'numeric',
        hour: 'numeric',
        minute: 'numeric',
        second: 'numeric',
      });
    } catch (error) {
      throw new ConnectError('config.invalid', `There is no time zone "${name}".`, {
        remedy: 'Use UTC, an offset such as +02:00, or a name such as Europe/Berlin.',
        cause: error,
      });
    }
  }

  /** Of a zone that is an offset; null: clocks may change. */
  get fixedSeconds(): number | null {
    return this.#fixedSeconds;
  }

  /** Seconds east of Greenwich at a local time, given in seconds since 1970 as if it were UTC. A time that a change of clocks skips or repeats takes the offset before the change. */
  offsetAt(localSeconds: number): number {
    if (this.#fixedSeconds !== null) return this.#fixedSeconds;
    const quarter = Math.floor(localSeconds / 900);
    let offset = this.#offsets.get(quarter);
    if (offset === undefined) {
      // Zones are at most 14 hours from UTC, and clocks change by an hour or so: the offset a day before is the one before a change.
      const before = this.#offsetAtInstant(localSeconds - 86_400);
      const first = this.#offsetAtInstant(localSeconds - before);
      offset = first === before || this.#offsetAtInstant(localSeconds - first) !== first ? before : first;
      if (this.#offsets.size > 100_000) this.#offsets.clear();
      this.#offsets.set(quarter, offset);
    }
    return offset;
  }

  #offsetAtInstant(seconds: number): number {
    const fields: Record<string, string> = {};
    for (const { type, value } of this.#format?.formatToParts(seconds * 1000) ?? []) fields[type] = value;
    const number = (name: string): number => Number(fields[name] ?? 0);
    const year = fields['era'] === 'BC' ? 1 - number('year') : number('year');
    // Not by Date.UTC, which takes the years 0 to 99 for those of 1900.
    const local = new Date(0).setUTCFullYear(year, number('month') - 1, number('day')) / 1000;
    return Math.round(local + (number('hour') * 60 + number('minute')) * 60 + number('second') - seconds);
  }
}
