/** Confluent's frame: a zero byte, then the schema id as a big-endian 32-bit integer, then the Avro body. */
export function wireHeader(schemaId: number): Uint8Array {
  const header = Buffer.alloc(wireHeaderBytes);
  header.writeUInt32BE(schemaId, 1);
  return header;
}

export const wireHeaderBytes = 5;
