import type { ByteRegister } from '../../text/value-register.ts';
import { CivilTime } from './civil-time.ts';
import { CellForm, type CsvType } from './csv-type.ts';
import { TimePattern, isoPattern } from './time-pattern.ts';
import { TimeZone } from '../../base/time-zone.ts';

const civil = new CivilTime();

/** Reads the times of one column, whatever their form, and writes them in the form that the readers of cells take. */
export class CellTime {
  readonly #form: CellForm;
  readonly #patterns: readonly TimePattern[];
  readonly #zone: TimeZone;

  constructor(type: Pick<CsvType, 'form' | 'pattern' | 'zone'>) {
    this.#form = type.form;
    this.#patterns =
      type.pattern === null
        ? [new TimePattern(isoPattern), new TimePattern(`${isoPattern}X`)]
        : type.pattern.split('||').map((pattern) => new TimePattern(pattern));
    this.#zone = new TimeZone(type.zone);
  }

  /** Milliseconds since 1970, in UTC; NaN when the text is no such time. */
  readMs(bytes: Uint8Array, start: number, end: number): number {
    if (!this.#read(bytes, start, end)) return NaN;
    return (civil.seconds - this.#offset()) * 1000 + Math.floor(civil.micros / 1000);
  }

  /** Appends the time, `shiftSeconds` later; the cell as it is when it is no such time, for its reader to complain about. */
  write(bytes: Uint8Array, start: number, end: number, shiftSeconds: number, into: ByteRegister): void {
    if (!this.#read(bytes, start, end)) {
      into.append(bytes, start, end);
      return;
    }
    const form = this.#form;
    const toUtc = form === CellForm.TIMESTAMP || form === CellForm.ZONED ? this.#offset() : 0;
    if (shiftSeconds !== 0 || toUtc !== 0) civil.setSeconds(civil.seconds + shiftSeconds - toUtc);
    if (form !== CellForm.TIME) writeDate(into);
    if (form === CellForm.DATE) return;
    if (form !== CellForm.TIME) into.push(form === CellForm.LOCAL ? 0x54 : 0x20);
    writeTimeOfDay(into);
    if (form === CellForm.ZONED) into.push(0x5a);
  }

  /** The offset at a moment, for the present time in the zone of the column. */
  localSeconds(utcMs: number): number {
    const seconds = Math.floor(utcMs / 1000);
    return seconds + this.#zone.offsetAt(seconds + this.#zone.offsetAt(seconds));
  }

  /** As it stands there, seconds since 1970 as if it were UTC; NaN when it is no time. */
  readLocalSeconds(bytes: Uint8Array, start: number, end: number): number {
    return this.#read(bytes, start, end) ? civil.seconds : NaN;
  }

  #read(bytes: Uint8Array, start: number, end: number): boolean {
    for (const pattern of this.#patterns) if (pattern.read(bytes, start, end, civil)) return true;
    return false;
  }

  #offset(): number {
    return Number.isNaN(civil.offsetSeconds) ? this.#zone.offsetAt(civil.seconds) : civil.offsetSeconds;
  }
}

/** Throws `config.invalid` for a pattern or a zone that is none. */
export function checkTime(pattern: string, zone: string): CellTime {
  return new CellTime({ form: CellForm.TIMESTAMP, pattern, zone });
}

function writeDate(into: ByteRegister): void {
  into.appendDigits(civil.year, 4);
  into.push(0x2d);
  into.appendDigits(civil.month, 2);
  into.push(0x2d);
  into.appendDigits(civil.day, 2);
}

function writeTimeOfDay(into: ByteRegister): void {
  const minutes = (civil.second / 60) | 0;
  const hours = (minutes / 60) | 0;
  into.appendDigits(hours, 2);
  into.push(0x3a);
  into.appendDigits(minutes - hours * 60, 2);
  into.push(0x3a);
  into.appendDigits(civil.second - minutes * 60, 2);
  if (civil.fractionDigits === 0) return;
  into.push(0x2e);
  into.appendDigits(Math.floor(civil.micros / 10 ** (6 - civil.fractionDigits)), civil.fractionDigits);
}
