import { cellKinds } from './cell-kind.ts';
import { taxiTable } from './taxi-table.ts';
import type { TableModel } from './table-model.ts';

const columnsWithId = 100;
const numbers = columnsWithId - 1 - taxiTable.columns.length;

/** A hundred columns with the id: those of a taxi trip, and whole numbers and texts in turn. */
export const wideTable: TableModel = {
  title: 'trips with measurements, 100 columns',
  columns: [
    ...taxiTable.columns,
    ...Array.from({ length: numbers }, (_none, at) =>
      at % 2 === 0
        ? { name: `count_${at}`, type: 'integer', value: `(id * ${at + 3} % 100003)::int`, kind: cellKinds.integer }
        : { name: `note_${at}`, type: 'text', value: `'note ' || id % ${at + 97}`, kind: cellKinds.text },
    ),
  ],
};
