/**
 * A config key that nobody declares is either a slip of the pen for one that somebody does, or something that belongs to
 * another program. The first must not pass silently: a `databse.hostname` or a `Snapshot.mode` changes what happens.
 */

/** Keys that differ only in one of these words mean different things, however alike they look. */
const opposites: readonly (readonly [string, string])[] = [
  ['include', 'exclude'],
  ['key', 'value'],
  ['min', 'max'],
  ['before', 'after'],
  ['read', 'write'],
  ['start', 'end'],
];

/** The declared key that was probably meant, or null. A sign in front (`_transforms`, `#slot.name`) is how JSON is commented out. */
export function nearKey(key: string, declared: Iterable<string>): string | null {
  if (/^\s*[^\p{L}\p{N}\s]/u.test(key)) return null;
  const folded = fold(key);
  let nearest: string | null = null;
  let nearestDistance = Number.POSITIVE_INFINITY;
  let extended: string | null = null;
  for (const candidate of declared) {
    if (candidate === key) return null;
    const other = fold(candidate);
    if (other === folded) return candidate;
    if (opposed(folded, other)) continue;
    const allowed = folded.length <= 5 ? 1 : 2;
    const distance = editDistance(folded, other, allowed);
    if (distance <= allowed && distance < nearestDistance) {
      nearest = candidate;
      nearestDistance = distance;
    }
    // `database.host` for `database.hostname`: cut off inside a word, and most of the key is there.
    if (other.startsWith(folded) && other[folded.length] !== '.' && folded.length >= 8 && folded.length * 10 >= other.length * 6) {
      extended ??= candidate;
    }
  }
  return nearest ?? extended;
}

/** Letter case and the choice of separator are never what makes two keys different. */
function fold(key: string): string {
  return key.trim().toLowerCase().replaceAll(/[_-]/g, '.');
}

function opposed(left: string, right: string): boolean {
  const leftWords = left.split('.');
  const rightWords = right.split('.');
  if (leftWords.length !== rightWords.length) return false;
  return leftWords.some((word, index) => {
    const other = rightWords[index];
    return word !== other && opposites.some(([a, b]) => (word === a && other === b) || (word === b && other === a));
  });
}

/** Insertions, deletions, substitutions and swaps of neighbours; anything above `limit` is reported as `limit + 1`. */
export function editDistance(left: string, right: string, limit: number): number {
  if (Math.abs(left.length - right.length) > limit) return limit + 1;
  let beforePrevious: number[] = [];
  let previous = Array.from({ length: right.length + 1 }, (_, index) => index);
  for (let row = 1; row <= left.length; row += 1) {
    const current = [row];
    for (let column = 1; column <= right.length; column += 1) {
      const same = left[row - 1] === right[column - 1];
      let cost = Math.min((previous[column] ?? 0) + 1, (current[column - 1] ?? 0) + 1, (previous[column - 1] ?? 0) + (same ? 0 : 1));
      const swapped = row > 1 && column > 1 && left[row - 1] === right[column - 2] && left[row - 2] === right[column - 1];
      if (swapped) cost = Math.min(cost, (beforePrevious[column - 2] ?? 0) + 1);
      current.push(cost);
    }
    beforePrevious = previous;
    previous = current;
  }
  return Math.min(previous[right.length] ?? 0, limit + 1);
}
