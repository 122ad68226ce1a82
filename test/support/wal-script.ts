/**
 * pgoutput frames (protocol version 1) from a readable script:
 *
 *   const wal = new WalScript();
 *   wal.begin(731).relation(orders).insert(orders, ['1', 'tea']).commit();
 *   wal.frames // CopyData payloads, 'w' header included
 *
 * Built from the Postgres manual's "Logical Replication Message Formats", and by nothing that the decoder uses.
 */
export interface ScriptTable {
  readonly id: number;
  readonly schema: string;
  readonly name: string;
  readonly identity: 'd' | 'f' | 'n' | 'i';
  readonly columns: readonly { readonly name: string; readonly type: number; readonly key?: boolean }[];
}

/** Text, null, or a TOASTed value that did not change. */
export type ScriptCell = string | null | typeof unchanged;
export const unchanged: unique symbol = Symbol('unchanged');

export const textType = 25;
export const intType = 23;

/** Every record takes this much of the made-up log. */
const recordBytes = 0x40n;

export class WalScript {
  readonly frames: Buffer[] = [];
  /** Where the next record starts. */
  lsn: bigint;
  #finalLsn = 0n;

  constructor(start = 0x100_0000n) {
    this.lsn = start;
  }

  /** `records`: how many the transaction will have before its commit; BEGIN announces where the commit record starts. */
  begin(xid: number, records = 10, commitMs = Date.UTC(2026, 0, 2, 3, 4, 5, 678)): this {
    this.#finalLsn = this.lsn + BigInt(records) * recordBytes;
    return this.#frame(concat('B', int64(this.#finalLsn), int64(micros(commitMs)), int32(xid)));
  }

  /** Ends the transaction where `begin` said; answers to `commitEnd`. */
  commit(commitMs = Date.UTC(2026, 0, 2, 3, 4, 5, 678)): this {
    const end = this.#finalLsn + recordBytes;
    this.lsn = end;
    return this.#frame(concat('C', Buffer.from([0]), int64(this.#finalLsn), int64(end), int64(micros(commitMs))), end);
  }

  /** End of the transaction written last: where the next one can begin. */
  get commitEnd(): bigint {
    return this.lsn;
  }

  get finalLsn(): bigint {
    return this.#finalLsn;
  }

  relation(table: ScriptTable): this {
    const columns = table.columns.map(({ name, type, key }) =>
      concat(Buffer.from([key === true ? 1 : 0]), text(name), int32(type), int32(-1)),
    );
    return this.#frame(
      concat('R', int32(table.id), text(table.schema), text(table.name), table.identity, int16(table.columns.length), ...columns),
    );
  }

  insert(table: ScriptTable, row: readonly ScriptCell[]): this {
    return this.#row(concat('I', int32(table.id), 'N', tuple(row)));
  }

  /** `old`: the whole row under REPLICA IDENTITY FULL, else the key with nulls for the rest. */
  update(table: ScriptTable, row: readonly ScriptCell[], old: readonly ScriptCell[] | null = null): this {
    const before = old === null ? [] : [table.identity === 'f' ? 'O' : 'K', tuple(old)];
    return this.#row(concat('U', int32(table.id), ...before, 'N', tuple(row)));
  }

  delete(table: ScriptTable, old: readonly ScriptCell[]): this {
    return this.#row(concat('D', int32(table.id), table.identity === 'f' ? 'O' : 'K', tuple(old)));
  }

  truncate(...tables: readonly ScriptTable[]): this {
    return this.#row(concat('T', int32(tables.length), Buffer.from([0]), ...tables.map((table) => int32(table.id))));
  }

  message(prefix: string, content: string, transactional = true): this {
    const bytes = Buffer.from(content);
    return this.#frame(concat('M', Buffer.from([transactional ? 1 : 0]), int64(this.lsn), text(prefix), int32(bytes.length), bytes));
  }

  /** A message outside transactions, between two of them; its place is the end of its record. */
  messageOutside(prefix: string, content: string): this {
    this.lsn += recordBytes;
    return this.message(prefix, content, false);
  }

  origin(name: string, lsn: bigint): this {
    return this.#frame(concat('O', int64(lsn), text(name)));
  }

  type(id: number, schema: string, name: string): this {
    return this.#frame(concat('Y', int32(id), text(schema), text(name)));
  }

  /** Primary keepalive: everything before `walEnd` has been sent. */
  keepalive(walEnd: bigint, reply = false): this {
    this.frames.push(concat('k', int64(walEnd), int64(0n), Buffer.from([reply ? 1 : 0])));
    return this;
  }

  raw(payload: Buffer): this {
    return this.#frame(payload);
  }

  #row(payload: Buffer): this {
    this.lsn += recordBytes;
    return this.#frame(payload);
  }

  #frame(payload: Buffer, lsn = this.lsn): this {
    this.frames.push(concat('w', int64(lsn), int64(lsn), int64(0n), payload));
    return this;
  }
}

/** Frames as CopyData messages of the connection's byte stream. */
export function copyData(frames: readonly Buffer[]): Buffer {
  return Buffer.concat(frames.map((frame) => concat('d', int32(frame.length + 4), frame)));
}

function tuple(row: readonly ScriptCell[]): Buffer {
  const cells = row.map((cell) => {
    if (cell === null) return Buffer.from('n');
    if (cell === unchanged) return Buffer.from('u');
    const bytes = Buffer.from(cell);
    return concat('t', int32(bytes.length), bytes);
  });
  return concat(int16(row.length), ...cells);
}

export function concat(...parts: readonly (string | Buffer)[]): Buffer {
  return Buffer.concat(parts.map((part) => (typeof part === 'string' ? Buffer.from(part) : part)));
}

function text(value: string): Buffer {
  return concat(value, Buffer.from([0]));
}

export function int16(value: number): Buffer {
  const bytes = Buffer.alloc(2);
  bytes.writeUInt16BE(value);
  return bytes;
}

export function int32(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeInt32BE(value | 0);
  return bytes;
}

export function int64(value: bigint): Buffer {
  const bytes = Buffer.alloc(8);
  bytes.writeBigInt64BE(value);
  return bytes;
}

/** Microseconds since 2000-01-01. */
function micros(ms: number): bigint {
  return BigInt(ms - Date.UTC(2000, 0, 1)) * 1000n;
}
