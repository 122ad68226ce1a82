import type { ClientBase } from 'pg';

import type { SourceContext } from '../../../connect/plugin.ts';
import type { TableInfo } from '../catalog.ts';
import type { PostgresSettings } from '../settings.ts';
import type { SessionFactory } from '../session.ts';

/** What the parts of an examination share. */
export interface Examined {
  readonly client: ClientBase;
  readonly sessions: SessionFactory;
  readonly settings: PostgresSettings;
  readonly source: SourceContext;
  /** As `server_version_num`. */
  readonly version: number;
  /** By name, as `pg_settings.setting` has them, units as in `pg_settings.unit`. */
  readonly server: ReadonlyMap<string, string>;
  /** A standby. */
  readonly inRecovery: boolean;
  /** Of the table filters. */
  readonly captured: readonly TableInfo[];
  /** Tables among them with a primary key, by oid; another unique key does not count, nor does one that is deferrable. */
  readonly primaryKeys: ReadonlySet<number>;
}

/** 1234567 as `1.2 MB`. */
export function byteSize(bytes: number): string {
  if (!Number.isFinite(bytes)) return 'unlimited';
  let value = bytes;
  for (const unit of ['bytes', 'kB', 'MB', 'GB', 'TB']) {
    if (Math.abs(value) < 1024 || unit === 'TB') return `${value < 10 && unit !== 'bytes' ? value.toFixed(1) : Math.round(value)} ${unit}`;
    value /= 1024;
  }
  return `${bytes} bytes`;
}

/** 5400 as `1.5 h`. */
export function timeSpan(seconds: number): string {
  if (seconds < 120) return `${Math.round(seconds)} s`;
  if (seconds < 7200) return `${Math.round(seconds / 60)} min`;
  if (seconds < 172_800) return `${(seconds / 3600).toFixed(1)} h`;
  return `${Math.round(seconds / 86_400)} days`;
}
