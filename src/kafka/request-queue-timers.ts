import { createRequire } from 'node:module';

/** What kafkajs 2.2.4 keeps per connection, as far as it matters here. */
interface Queue {
  readonly pending: readonly unknown[];
  scheduleCheckPendingRequests: (this: Queue) => void;
}

let done = false;

/**
 * kafkajs looks after requests that wait for their turn by a timer, which it arms again and again while none waits, for a
 * moment that has passed: a thousand wake-ups a second and connection, and a warning by Node. A request that comes to wait
 * arms the timer itself, so an empty queue needs none.
 */
export function calmRequestQueues(): void {
  if (done) return;
  done = true;
  // Not part of what kafkajs exports, so it has no types.
  const { prototype: queue } = createRequire(import.meta.url)('kafkajs/src/network/requestQueue') as { readonly prototype: Queue };
  const schedule = queue.scheduleCheckPendingRequests;
  queue.scheduleCheckPendingRequests = function (this: Queue): void {
    if (this.pending.length > 0) schedule.call(this);
  };
}
