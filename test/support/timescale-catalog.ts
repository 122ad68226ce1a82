/** Stands in for TimescaleDB: what its catalog says of two chunks, one of a hypertable and one of a continuous aggregate's, with those tables. */
export const timescaleCatalog: readonly string[] = [
  'CREATE SCHEMA _timescaledb_catalog',
  'CREATE SCHEMA _timescaledb_internal',
  'CREATE TABLE _timescaledb_catalog.hypertable (id int PRIMARY KEY, schema_name name, table_name name)',
  'CREATE TABLE _timescaledb_catalog.chunk (id int PRIMARY KEY, hypertable_id int, schema_name name, table_name name)',
  'CREATE TABLE _timescaledb_catalog.continuous_agg (mat_hypertable_id int PRIMARY KEY, user_view_schema name, user_view_name name)',
  `INSERT INTO _timescaledb_catalog.hypertable VALUES
     (1, 'public', 'conditions'), (2, '_timescaledb_internal', '_materialized_hypertable_2')`,
  `INSERT INTO _timescaledb_catalog.chunk VALUES
     (1, 1, '_timescaledb_internal', '_hyper_1_1_chunk'), (2, 2, '_timescaledb_internal', '_hyper_2_2_chunk')`,
  "INSERT INTO _timescaledb_catalog.continuous_agg VALUES (2, 'public', 'conditions_summary')",
  'CREATE TABLE _timescaledb_internal._hyper_1_1_chunk (id int PRIMARY KEY, at timestamptz NOT NULL, degrees float8)',
  'CREATE TABLE _timescaledb_internal._hyper_2_2_chunk (bucket timestamptz PRIMARY KEY, degrees float8)',
];
