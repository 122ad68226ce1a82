import type { SourceContext } from '../../../connect/plugin.ts';
import type { PostgresSettings } from '../settings.ts';
import type { AdhocState } from './adhoc-state.ts';
import { SignalFault, type Signal } from './signal.ts';

/** What a channel that brings signals from outside the stream has to do with. */
export interface SignalChannelParts {
  readonly context: SourceContext;
  readonly settings: PostgresSettings;
  /** A channel keeps its own position in it, and moves it in the same breath as it hands over a signal. */
  readonly state: AdhocState;
  readonly signal: AbortSignal;
  readonly obey: (signal: Signal, channel: string) => void;
  /** Resolves when everything handed over so far is stored downstream. */
  readonly stored: () => Promise<void>;
}

/** `{"id":…,"type":…,"data":{…}}`; `data` may be an object or its text. Throws `SignalFault`. */
export function parseSignalText(text: string, id: string): Signal {
  let parsed: unknown;
  try {
    parsed = JSON.parse(text);
  } catch {
    throw new SignalFault('it is not JSON');
  }
  if (parsed === null || typeof parsed !== 'object' || Array.isArray(parsed)) throw new SignalFault('it is not a JSON object');
  const { id: own, type, data = null } = parsed as { readonly id?: unknown; readonly type?: unknown; readonly data?: unknown };
  if (typeof type !== 'string' || type === '') throw new SignalFault('it has no "type"');
  return { id: typeof own === 'string' ? own : id, type, data: data === null || typeof data === 'string' ? data : JSON.stringify(data) };
}
