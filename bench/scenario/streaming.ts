import { taxiTable } from '../table/taxi-table.ts';
import { catchUp } from './catch-up.ts';

export const streaming = catchUp({
  name: 'streaming',
  title: 'catching up with a backlog: taxi trips, transactions of 1,000 rows',
  model: taxiTable,
  fullRows: 300_000,
  rowsPerTransaction: 1000,
  engines: () => true,
});
