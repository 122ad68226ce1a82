import type { Change } from '../../record/change.ts';
import type { SourceRegisters } from './registers.ts';

/** A change and the registers that belong to it, for one reader of rows. */
export interface ReadingChange {
  readonly change: Change;
  readonly registers: SourceRegisters;
}
