/** A set of non-negative integers as a short text: sorted, each as the distance from the one before, in base 36. */
export function packNumbers(numbers: readonly number[]): string {
  let last = 0;
  return numbers
    .toSorted((left, right) => left - right)
    .map((value) => {
      const distance = value - last;
      last = value;
      return distance.toString(36);
    })
    .join(',');
}

/** Throws for a text that `packNumbers` did not write. */
export function unpackNumbers(text: string): number[] {
  let last = 0;
  return text === ''
    ? []
    : text.split(',').map((distance) => {
        last += Number.parseInt(distance, 36);
        if (!Number.isSafeInteger(last)) throw new TypeError(`not a list of numbers: ${text}`);
        return last;
      });
}
