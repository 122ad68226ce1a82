/**
 * Log sequence numbers. At transaction granularity an LSN is a bigint; per row it is two 32-bit halves, so that nothing
 * is boxed. Halves compare as unsigned numbers.
 */

/** `16/B374D848` → 64-bit number. Throws SyntaxError on anything else. */
export function parseLsn(text: string): bigint {
  const match = /^([0-9A-Fa-f]{1,8})\/([0-9A-Fa-f]{1,8})$/.exec(text);
  if (match === null) throw new SyntaxError(`"${text}" is not a log sequence number`);
  return (BigInt(`0x${match[1]}`) << 32n) | BigInt(`0x${match[2]}`);
}

/** As Postgres prints it: `0/16B3748`. */
export function formatLsn(lsn: bigint): string {
  return `${(lsn >> 32n).toString(16).toUpperCase()}/${(lsn & 0xffff_ffffn).toString(16).toUpperCase()}`;
}

export function lsnFromHalves(high: number, low: number): bigint {
  return (BigInt(high >>> 0) << 32n) | BigInt(low >>> 0);
}

export function highHalf(lsn: bigint): number {
  return Number(lsn >> 32n) >>> 0;
}

export function lowHalf(lsn: bigint): number {
  return Number(lsn & 0xffff_ffffn) >>> 0;
}

/** Negative, zero or positive, like a comparator. */
export function compareHalves(leftHigh: number, leftLow: number, rightHigh: number, rightLow: number): number {
  if (leftHigh !== rightHigh) return leftHigh >>> 0 < rightHigh >>> 0 ? -1 : 1;
  if (leftLow === rightLow) return 0;
  return leftLow >>> 0 < rightLow >>> 0 ? -1 : 1;
}
