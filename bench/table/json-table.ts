import { cellKinds } from './cell-kind.ts';
import type { TableModel } from './table-model.ts';

/** About 8 KiB of jsonb a row, stored outside the row by Postgres. Hexadecimal digits, so that it does not compress away. */
export const jsonTable: TableModel = {
  title: 'documents, 8 KiB of jsonb a row',
  columns: [
    {
      name: 'document',
      type: 'jsonb',
      value: `(SELECT jsonb_build_object('number', id, 'parts', jsonb_agg(md5(id::text || part))) FROM generate_series(1, 226) part)`,
      kind: cellKinds.text,
    },
  ],
};
