import { cellKinds } from './cell-kind.ts';
import type { TableModel } from './table-model.ts';

/** About 1 KiB a row: a few rows make a large transaction. The text does not compress away, as repeated letters would. */
export const documentTable: TableModel = {
  title: 'documents, 1 KiB a row',
  columns: [
    { name: 'kind', type: 'text', value: `(ARRAY['order','invoice','note'])[1 + (id % 3)::int]`, kind: cellKinds.text },
    {
      name: 'body',
      type: 'text',
      value: `(SELECT string_agg(md5(id::text || part), '') FROM generate_series(1, 30) part)`,
      kind: cellKinds.text,
    },
    { name: 'version', type: 'integer', value: 'id % 1000', kind: cellKinds.integer },
  ],
};
