import type { TypeAttribute } from './type-catalog.ts';

/**
 * Which fields the text of a composite value may have, by number of attributes (`attnum`): one list for each definition of
 * the type whose values may still come, the present one among them. Lists of one length would not be told apart, so where that
 * could be there is none at all, and every value is an error.
 */
export type RowVersions = readonly (readonly number[])[];

/** No other definition than this one. */
export function oneVersion(attributes: readonly TypeAttribute[]): RowVersions {
  return [numbersOf(attributes)];
}

/**
 * Values may be of the definition `before` (null: not known), of `after`, or of any between them. Attributes are only ever
 * appended, so between them lies each beginning of what was added; of attributes that were dropped one by one the order is not
 * known; and where some were dropped and others added, equal numbers of fields may mean different ones.
 */
export function versionsBetween(before: readonly TypeAttribute[] | null, after: readonly TypeAttribute[]): RowVersions {
  if (before === null) return [];
  const old = numbersOf(before);
  const now = numbersOf(after);
  const known = new Set(before.map(({ number }) => number));
  const passedBy = after.some(({ dropped, number }) => dropped && !known.has(number));
  if (passedBy) return [];
  const added = now.filter((number) => !old.includes(number));
  const dropped = old.filter((number) => !now.includes(number));
  if (added.length > 0 && dropped.length > 0) return [];
  if (dropped.length > 0) return [now, old];
  return Array.from({ length: added.length + 1 }, (_, count) => now.slice(0, now.length - count));
}

/** An attribute, and whether the transaction that changed it last may have come after values that are still to come. */
export interface DatedAttribute extends TypeAttribute {
  readonly recent: boolean;
}

/** The definition before the recent changes; null: not to be told, because names and types of dropped attributes are gone and others came. */
export function definitionBefore(attributes: readonly DatedAttribute[]): readonly TypeAttribute[] | null {
  const dropped = attributes.filter((attribute) => attribute.dropped && attribute.recent);
  const live = attributes.filter((attribute) => !attribute.dropped);
  // A recent one in front of an old one was there before it, so it was renamed.
  const lastOld = live.findLastIndex((attribute) => !attribute.recent);
  if (dropped.length === 0) return [...live.slice(0, lastOld + 1), ...attributes.filter((attribute) => attribute.dropped)];
  if (lastOld !== live.length - 1) return null;
  return attributes.map((attribute) => (attribute.recent ? { ...attribute, dropped: false } : attribute));
}

/** As the catalog has it: who wrote its row last. */
export interface WrittenAttribute extends TypeAttribute {
  readonly xmin: number;
}

/**
 * `typeXmin`: who wrote the row of the type last. `horizon`: whoever is older is behind everything that is still to come; null:
 * not known.
 */
export function dated(attributes: readonly WrittenAttribute[], typeXmin: number, horizon: number | null): DatedAttribute[] {
  // Attributes that came with the type: before it there were no values.
  const isNew = !attributes.some(({ xmin, dropped }) => isOlder(xmin, typeXmin) || (dropped && xmin === typeXmin));
  return attributes.map(({ xmin, ...attribute }) => ({
    ...attribute,
    recent: !(isNew && xmin === typeXmin) && (horizon === null || !isOlder(xmin, horizon)),
  }));
}

/** Ids below 3 are those of frozen rows. */
function isOlder(xmin: number, than: number): boolean {
  return xmin < 3 || ((xmin - than) | 0) < 0;
}

function numbersOf(attributes: readonly TypeAttribute[]): number[] {
  return attributes
    .filter(({ dropped }) => !dropped)
    .map(({ number }) => number)
    .sort((left, right) => left - right);
}
