import { daysFromCivil, daysInMonth, moment, setCivil } from '../../text/moment.ts';

/** A date and time of day without zone, reused from cell to cell. Proleptic Gregorian, years 0 to 9999. */
export class CivilTime {
  year = 1970;
  month = 1;
  day = 1;
  /** Of the day, 0 to 86399. */
  second = 0;
  micros = 0;
  /** Digits of the fraction as they stood there. */
  fractionDigits = 0;
  /** East of Greenwich; NaN where none was given. */
  offsetSeconds = NaN;

  reset(): void {
    this.year = 1970;
    this.month = 1;
    this.day = 1;
    this.second = 0;
    this.micros = 0;
    this.fractionDigits = 0;
    this.offsetSeconds = NaN;
  }

  get isValid(): boolean {
    return this.month >= 1 && this.month <= 12 && this.day >= 1 && this.day <= daysInMonth(this.year, this.month);
  }

  /** Seconds since 1970-01-01 00:00:00, as if this were UTC. */
  get seconds(): number {
    return daysFromCivil(this.year, this.month, this.day) * 86_400 + this.second;
  }

  /** Date and time of day from seconds since 1970; the fraction stays. */
  setSeconds(seconds: number): void {
    const days = Math.floor(seconds / 86_400);
    this.second = seconds - days * 86_400;
    setCivil(days);
    this.year = moment.year;
    this.month = moment.month;
    this.day = moment.day;
  }
}
