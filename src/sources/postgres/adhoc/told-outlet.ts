import { randomUUID } from 'node:crypto';

import type { ChangeOutlet } from '../../../connect/source.ts';
import type { Change } from '../../../record/change.ts';
import type { Shape } from '../../../record/shape.ts';
import type { Notifications } from './notifications.ts';

/**
 * The outlet of an initial snapshot, which tells how it gets on: a table begins when it is declared; how many rows of each
 * were read is told when all have been.
 */
export class ToldOutlet implements ChangeOutlet {
  readonly #out: ChangeOutlet;
  readonly #notifications: Notifications;
  readonly #id: string;
  /** Of its own: rows fill another. */
  readonly #change: Change;
  /** Rows by the id of their schema. */
  readonly #rows: number[] = [];
  readonly #names = new Map<number, string>();
  /** Tables whose rows are rejected, and how many were, by name: they were not declared. */
  readonly #rejected = new Map<string, number>();
  /** Before a record that moves no position. */
  readonly #onRecord: () => void;

  constructor(out: ChangeOutlet, notifications: Notifications, change: Change, onRecord: () => void) {
    this.#out = out;
    this.#notifications = notifications;
    this.#id = randomUUID();
    this.#change = change;
    this.#onRecord = onRecord;
  }

  /** False: rows need not go this way. */
  get wanted(): boolean {
    return this.#notifications.wanted;
  }

  /** `resumed`: after an interruption; it has been told that it began. */
  async begin(resumed: boolean): Promise<void> {
    await this.#notifications.declare(this.#change, this.#out);
    if (!resumed) this.#notifications.add(this.#id, 'Initial Snapshot', 'STARTED');
  }

  async declare(shape: Shape): Promise<void> {
    const name = shape.schema.name.split('.').slice(-2).join('.');
    this.#rejected.set(name, 0);
    await this.#out.declare(shape);
    this.#rejected.delete(name);
    const data = { data_collections: name, current_collection_in_progress: name };
    this.#notifications.add(this.#id, 'Initial Snapshot', 'IN_PROGRESS', data);
    this.#names.set(shape.schema.id, name);
    this.#rows[shape.schema.id] = 0;
  }

  emit(change: Change): boolean {
    this.#rows[change.schema.id] = (this.#rows[change.schema.id] ?? 0) + 1;
    return this.#out.emit(change);
  }

  boundary(): boolean {
    if (this.#notifications.waiting) this.#onRecord();
    const room = this.#notifications.emit(this.#change, this.#out);
    return this.#out.boundary() && room;
  }

  reject(...args: Parameters<ChangeOutlet['reject']>): boolean {
    const table = String(args[0].details['table']);
    const rows = this.#rejected.get(table);
    if (rows !== undefined) this.#rejected.set(table, rows + 1);
    return this.#out.reject(...args);
  }

  drained(): Promise<void> {
    return this.#out.drained();
  }

  /** After the last row. */
  async end(): Promise<void> {
    const all = [...this.#names.values(), ...this.#rejected.keys()].join(',');
    const tell = (name: string, rows: number, status: string): void =>
      this.#notifications.add(this.#id, 'Initial Snapshot', 'TABLE_SCAN_COMPLETED', {
        data_collections: all,
        scanned_collection: name,
        total_rows_scanned: String(rows),
        status,
      });
    for (const [id, name] of this.#names) tell(name, this.#rows[id] ?? 0, 'SUCCEEDED');
    for (const [name, rows] of this.#rejected) tell(name, rows, 'SKIPPED');
    this.#notifications.add(this.#id, 'Initial Snapshot', 'COMPLETED');
    this.#onRecord();
    await this.#notifications.flush(this.#change, this.#out);
    if (!this.#out.boundary()) await this.#out.drained();
  }
}
