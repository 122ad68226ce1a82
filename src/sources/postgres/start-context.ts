import type { SourceContext } from '../../connect/plugin.ts';
import type { TableInfo, TypeCatalog } from './catalog.ts';
import type { ServerFacts } from './preflight.ts';
import type { RenameWatch } from './rename-watch.ts';
import type { SessionFactory, SqlSession } from './session.ts';
import type { PostgresSettings } from './settings.ts';
import type { TableFilter } from './table-filter.ts';

/** What a start has found out and what a snapshot and a stream need. */
export interface StartContext {
  readonly settings: PostgresSettings;
  readonly source: SourceContext;
  readonly sessions: SessionFactory;
  readonly sql: SqlSession;
  readonly filter: TableFilter;
  readonly types: TypeCatalog;
  readonly server: ServerFacts;
  /** Captured by the filters and published. */
  readonly tables: readonly TableInfo[];
  /** Null: renamed columns are not told from others. */
  readonly renames: RenameWatch | null;
  /** Partitions whose rows come under the name of one of them; before anything is read. */
  readonly partitions: readonly number[];
}
