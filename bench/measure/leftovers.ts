/** What has to be undone also when the bench is called off in the middle: databases with their slots, topics, servers. */
const open = new Set<AsyncDisposable>();
let calledOff = false;

/** True once somebody wants the bench to end: nothing new is begun, and nothing is saved. */
export function isCalledOff(): boolean {
  return calledOff;
}

export function remember(resource: AsyncDisposable): void {
  open.add(resource);
}

export function forget(resource: AsyncDisposable): void {
  open.delete(resource);
}

/** The youngest first, each at most once, and whatever happens the next one too. */
export async function undoLeftovers(): Promise<void> {
  calledOff = true;
  for (const resource of [...open].toReversed()) {
    open.delete(resource);
    await Promise.resolve(resource[Symbol.asyncDispose]()).catch(() => undefined);
  }
}
