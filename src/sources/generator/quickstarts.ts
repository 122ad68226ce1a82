import { readAvroSchema, type AvroRecord } from './avro-type.ts';
import type { Quickstart } from './quickstart-schema.ts';
import { tradeQuickstarts } from './quickstarts-trade.ts';
import { webQuickstarts } from './quickstarts-web.ts';

const quickstarts: Readonly<Record<string, Quickstart>> = { ...tradeQuickstarts, ...webQuickstarts };

/** In lower case and in order. */
export const quickstartNames: readonly string[] = Object.keys(quickstarts).sort();

/** Whatever the letter case; null when there is none of that name. */
export function findQuickstart(name: string): { readonly schema: AvroRecord; readonly keyField: string } | null {
  const found = quickstarts[name.trim().toLowerCase()];
  return found === undefined ? null : { schema: readAvroSchema(found.schema), keyField: found.keyField };
}
