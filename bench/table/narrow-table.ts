import { cellKinds } from './cell-kind.ts';
import type { TableModel } from './table-model.ts';

/** Four columns with the id: what is paid per row weighs most. */
export const narrowTable: TableModel = {
  title: 'readings, 4 columns',
  columns: [
    { name: 'sensor', type: 'integer', value: 'id % 1000', kind: cellKinds.integer },
    { name: 'place', type: 'text', value: `'shelf ' || id % 777`, kind: cellKinds.text },
    { name: 'read_at', type: 'timestamp', value: `timestamp '2026-07-01' + make_interval(secs => id)`, kind: cellKinds.timestamp },
  ],
};
