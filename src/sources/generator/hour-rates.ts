import { ConnectError } from '../../base/errors.ts';

/** Named days: what share of the highest rate each hour has, from midnight on. */
const days: Readonly<Record<string, readonly number[]>> = {
  /** A shop: quiet nights, a rise at noon, the peak in the evening. */
  shop: [
    0.15, 0.08, 0.05, 0.04, 0.04, 0.06, 0.12, 0.25, 0.4, 0.5, 0.55, 0.65, 0.75, 0.7, 0.6, 0.6, 0.65, 0.75, 0.85, 0.95, 1, 0.9, 0.6, 0.3,
  ],
  /** Office hours, with a pause at noon. */
  office: [
    0.02, 0.02, 0.02, 0.02, 0.02, 0.03, 0.1, 0.4, 0.85, 1, 1, 0.9, 0.55, 0.85, 1, 0.95, 0.8, 0.4, 0.15, 0.08, 0.05, 0.04, 0.03, 0.02,
  ],
  /** Rides: two rush hours. */
  commute: [0.3, 0.2, 0.12, 0.08, 0.08, 0.15, 0.4, 0.8, 1, 0.75, 0.55, 0.55, 0.6, 0.6, 0.6, 0.65, 0.8, 0.95, 1, 0.85, 0.7, 0.6, 0.55, 0.4],
};

export const namedDays: readonly string[] = Object.keys(days);

/** How fast records come at which time of the day, as a share of `rows.per.second`. Goes evenly from hour to hour. */
export class HourRates {
  readonly #rates: readonly number[];
  readonly #clock: Intl.DateTimeFormat;
  #minute = NaN;
  #share = 1;

  /** `written`: a name, or 24 shares separated by commas. Throws `config.invalid`. */
  constructor(written: string, zone: string) {
    const rates = days[written.trim().toLowerCase()] ?? written.split(',').map((item) => (item.trim() === '' ? NaN : Number(item)));
    if (rates.length !== 24 || rates.some((rate) => !(rate >= 0 && rate <= 1000)) || rates.every((rate) => rate === 0)) {
      throw new ConnectError('config.invalid', `rate.by.hour is neither one of ${namedDays.join(', ')} nor a list of 24 numbers from 0.`, {
        remedy: 'Give one share for each hour from midnight on, separated by commas, one of them above 0.',
      });
    }
    this.#rates = rates;
    try {
      this.#clock = new Intl.DateTimeFormat('en-US', { timeZone: zone, hourCycle: 'h23', hour: 'numeric', minute: 'numeric' });
    } catch (error) {
      throw new ConnectError('config.invalid', `rate.zone: there is no time zone "${zone}".`, {
        remedy: 'Use UTC, or a name such as Europe/Berlin.',
        cause: error,
      });
    }
  }

  /** The share at a moment, in milliseconds since 1970; looked up once a minute. */
  at(nowMs: number): number {
    const minute = Math.floor(nowMs / 60_000);
    if (minute === this.#minute) return this.#share;
    this.#minute = minute;
    let [hour, past] = [0, 0];
    for (const { type, value } of this.#clock.formatToParts(minute * 60_000)) {
      if (type === 'hour') hour = Number(value) % 24;
      else if (type === 'minute') past = Number(value);
    }
    const [from, to] = [this.#rates[hour] ?? 0, this.#rates[(hour + 1) % 24] ?? 0];
    this.#share = from + ((to - from) * past) / 60;
    return this.#share;
  }
}
