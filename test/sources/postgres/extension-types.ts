import type { Database } from '../../support/database.ts';

/** By extension: the types with the delimiter of their arrays. */
const extensions: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  postgis: { geometry: ':', geography: ':' },
  vector: { vector: ',', halfvec: ',', sparsevec: ',' },
};

/**
 * The types of PostGIS and pgvector in the schema `ext`: the extensions themselves where the server has them, else types of
 * these names that print what they are given. So values have to be written as the extensions print them.
 */
export async function createExtensionTypes(database: Database): Promise<void> {
  await database.query('CREATE SCHEMA ext');
  const there = await database.query<{ name: string }>('SELECT name FROM pg_available_extensions');
  for (const [extension, types] of Object.entries(extensions)) {
    if (there.some(({ name }) => name === extension)) {
      await database.query(`CREATE EXTENSION ${extension} SCHEMA ext`);
      continue;
    }
    for (const [type, delimiter] of Object.entries(types)) {
      await database.query(`CREATE TYPE ext.${type};
        CREATE FUNCTION ext.${type}_in(cstring) RETURNS ext.${type} LANGUAGE internal IMMUTABLE STRICT AS 'textin';
        CREATE FUNCTION ext.${type}_out(ext.${type}) RETURNS cstring LANGUAGE internal IMMUTABLE STRICT AS 'textout';
        CREATE TYPE ext.${type} (INPUT = ext.${type}_in, OUTPUT = ext.${type}_out, LIKE = text, DELIMITER = '${delimiter}')`);
    }
  }
}
