import type { Change } from '../../../record/change.ts';
import { CellState } from '../../../record/tuple-view.ts';
import { SourceRegister } from '../registers.ts';
import type { LookupPlan } from './lookup-plan.ts';

/** Writes anew which fields the server did not send, where a header lists them; the change is a copy with bytes of its own. */
export function fillRegister({ after, registers }: Change, { captured, names }: Pick<LookupPlan, 'captured' | 'names'>): void {
  if (registers.present[SourceRegister.UNAVAILABLE] === 0) return;
  const left = [...captured].filter((column) => after.state[column] === CellState.UNCHANGED);
  if (left.length === 0) {
    registers.setNull(SourceRegister.UNAVAILABLE);
    return;
  }
  const list = Buffer.from(`[${left.map((column) => Buffer.from(names[column] ?? []).toString('utf8')).join()}]`, 'utf8');
  const start = registers.bytes.length;
  registers.bytes = Buffer.concat([registers.bytes, list]);
  registers.setText(SourceRegister.UNAVAILABLE, start, start + list.length);
}
