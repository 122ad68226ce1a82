/** Calls `callback` once when everything that has arrived by now has been read and handled. */
export function endOfTurn(callback: () => void): void {
  setImmediate(callback);
}
