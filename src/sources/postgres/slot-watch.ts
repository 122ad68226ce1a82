import type { SourceContext } from '../../connect/plugin.ts';
import type { SlotSettings } from './settings.ts';
import { SlotDanger } from './slot-danger.ts';
import { SlotForecast } from './slot-forecast.ts';
import type { SlotLag, SourceMetrics } from './source-metrics.ts';

/** Tells of a slot whose log is being used up, and claims the way for it where that was asked for. */
export class SlotWatch {
  readonly #slot: SlotSettings;
  readonly #context: Pick<SourceContext, 'clock' | 'log' | 'claimWay'>;
  readonly #metrics: Pick<SourceMetrics, 'slot'>;
  readonly #forecast = new SlotForecast();
  readonly #danger: SlotDanger;
  #secondsLeft: number | null = null;

  constructor(slot: SlotSettings, context: Pick<SourceContext, 'clock' | 'log' | 'claimWay'>, metrics: Pick<SourceMetrics, 'slot'>) {
    this.#slot = slot;
    this.#context = context;
    this.#metrics = metrics;
    this.#danger = new SlotDanger(slot.danger);
  }

  /** Standing still makes the server keep more for this slot. */
  get canWait(): boolean {
    return this.#danger.farAway;
  }

  /** The slot as it is now. */
  add(lag: SlotLag): void {
    const { clock, log } = this.#context;
    const nowMs = clock.monotonic();
    const secondsLeft = this.#forecast.add(nowMs, lag.safeBytes);
    // Of a lost slot the server says as little about room as of one without a limit.
    const lost = lag.walStatus === 'lost';
    this.#metrics.slot(lag, lost ? 0 : secondsLeft);
    this.#secondsLeft = secondsLeft;
    this.#claim(nowMs);
    if (!this.#forecast.isNews(secondsLeft, this.#slot.warningMs / 1000)) return;
    const what =
      secondsLeft === 0
        ? 'max_slot_wal_keep_size is used up, and the next checkpoint takes the log away from the replication slot'
        : 'the server will take the log away from the replication slot when max_slot_wal_keep_size is used up';
    log.warn(
      { slot: this.#slot.name, secondsLeft: Math.round(secondsLeft ?? 0), retainedBytes: lag.retainedBytes, walStatus: lag.walStatus },
      `${what}; then a new snapshot is needed: raise it, or find out why this connector falls behind`,
    );
  }

  /** Time passes, whether or not the server answers: nobody is held for longer than was asked for. */
  tick(): void {
    this.#claim(this.#context.clock.monotonic());
  }

  #claim(nowMs: number): void {
    const { claimWay, log } = this.#context;
    const { name, danger, pauseOthers } = this.#slot;
    const verdict = this.#danger.judge(nowMs, this.#secondsLeft);
    if (!pauseOthers) return;
    if (verdict === 'given up') {
      const forMs = danger.holdMsMax;
      log.warn({ slot: name, forMs }, 'the other connectors stood still for this one, and its slot is in danger all the same: they go on');
    }
    claimWay?.(verdict === 'hold' ? `the log for its replication slot "${name}" is nearly used up` : null);
  }
}
