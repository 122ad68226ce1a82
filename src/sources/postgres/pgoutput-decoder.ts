import type { ChangeOutlet } from '../../connect/source.ts';
import type { Change } from '../../record/change.ts';
import { RowWatch } from './adhoc/row-watch.ts';
import { FrameCursor, malformed } from './frame-cursor.ts';
import type { LogicalMessages } from './logical-messages.ts';
import type { SourceRegisters } from './registers.ts';
import type { Relation, RelationCache, RelationColumn } from './relation-cache.ts';
import type { RowEmitter } from './row-emitter.ts';
import { compareHalves, lsnFromHalves } from './lsn.ts';
import type { SnapshotFilter } from './snapshot-filter.ts';
import type { StreamPosition } from './stream-position.ts';
import { decodeTuple, fillUnchanged } from './tuple-decoder.ts';
import { messageCollection, type TransactionRecords } from './transaction-records.ts';

/** What the stream does after a frame. */
export const Decoded = {
  /** Bring the next one. */
  NEXT: 0,
  /** The outlet is full: wait for `drained()`. */
  DRAIN: 1,
  /** A table's shape has to be declared first: wait for `RelationCache.resolve`. */
  DECLARE: 2,
} as const;
export type Decoded = (typeof Decoded)[keyof typeof Decoded];

export interface DecoderParts {
  readonly change: Change;
  readonly registers: SourceRegisters;
  readonly relations: RelationCache;
  readonly emitter: RowEmitter;
  readonly position: StreamPosition;
  readonly out: ChangeOutlet;
  /** What the snapshot has shown already. */
  readonly shown: SnapshotFilter;
  /** Hears of every transaction. */
  readonly watch?: RowWatch | undefined;
  /** A row was inserted into the signal table; it stands in `change.after`, and was not taken before a restart. */
  readonly onSignal?: ((relation: Relation) => void) | undefined;
  /** Absent: logical decoding messages are stepped over. */
  readonly messages?: LogicalMessages | undefined;
  /** A header lists the fields that the server did not send. */
  readonly listsUnavailable?: boolean | undefined;
  /** Absent: transactions are not recorded. */
  readonly transactions?: TransactionRecords | undefined;
}

/** 'w' walStart:int64 walEnd:int64 sent:int64, then the message. */
const headerBytes = 25;
/** Microseconds from 1970-01-01 to 2000-01-01. */
const postgresEpochMicros = 946_684_800_000_000;

/**
 * pgoutput, protocol version 1 (and 2, once `TransactionSpill` has put the parts together), text tuples. Reads borrowed frames synchronously and fills the one `Change`; per row it
 * stores integers and nothing else. Grammar as in the Postgres manual, "Logical Replication Message Formats".
 */
export class PgoutputDecoder {
  readonly #cursor = new FrameCursor();
  readonly #change: Change;
  readonly #registers: SourceRegisters;
  readonly #relations: RelationCache;
  readonly #emitter: RowEmitter;
  readonly #position: StreamPosition;
  readonly #out: ChangeOutlet;
  readonly #shown: SnapshotFilter;
  readonly #messages: LogicalMessages | null;
  readonly #transactions: TransactionRecords | null;
  readonly #listsUnavailable: boolean;
  readonly #watch: RowWatch;
  readonly #onSignal: ((relation: Relation) => void) | null;
  /** Of the last message: where in the log it stands. */
  lsnHigh = 0;
  lsnLow = 0;
  /** Where the first change of the transaction in progress lies; 0: unknown. */
  #firstHigh = 0;
  #firstLow = 0;
  /** Where the message in hand begins. */
  #frameAt = 0;
  /** The message in hand is decoded once more, now that its labels have been asked for. */
  #asked = false;

  constructor(parts: DecoderParts) {
    this.#change = parts.change;
    this.#registers = parts.registers;
    this.#relations = parts.relations;
    this.#emitter = parts.emitter;
    this.#position = parts.position;
    this.#out = parts.out;
    this.#shown = parts.shown;
    this.#messages = parts.messages ?? null;
    this.#transactions = parts.transactions ?? null;
    this.#listsUnavailable = parts.listsUnavailable === true;
    this.#watch = parts.watch ?? new RowWatch(null);
    this.#onSignal = parts.onSignal ?? null;
  }

  /** One XLogData message in `bytes[start, end)`. Valid only during the call, and so is everything the change points at. */
  decode(bytes: Buffer, start: number, end: number): Decoded {
    const cursor = this.#cursor;
    cursor.reset(bytes, start + 1, end);
    this.#frameAt = start;
    this.lsnHigh = cursor.uint32();
    this.lsnLow = cursor.uint32();
    cursor.at = start + headerBytes;
    const tag = cursor.uint8();
    switch (tag) {
      case 0x49: // I
        return this.#insert();
      case 0x55: // U
        return this.#update();
      case 0x44: // D
        return this.#delete();
      case 0x42: // B
        return this.#begin();
      case 0x43: // C
        return this.#commit();
      case 0x52: // R
        return this.#relation();
      case 0x54: // T
        return this.#truncate();
      case 0x4f: // O
        return this.#origin();
      case 0x4d: // M
        return this.#message();
      case 0x59: // Y: the type catalog is read from the server instead.
      case 0x41: // A: Postgres 18 may send a stream abort without a stream; nothing of that transaction was sent.
        return Decoded.NEXT;
      default:
        throw malformed(`an unknown message 0x${tag.toString(16)}`);
    }
  }

  /** 'B' finalLsn:int64 commitTime:int64 xid:int32 */
  #begin(): Decoded {
    const cursor = this.#cursor;
    const finalHigh = cursor.uint32();
    const finalLow = cursor.uint32();
    const micros = cursor.int32() * 0x1_0000_0000 + cursor.uint32() + postgresEpochMicros;
    const xid = cursor.uint32();
    if (this.#position.inTransaction) throw malformed('a transaction begins inside another');
    this.#position.begin(finalHigh, finalLow, micros, xid);
    // Of its first change; where it is not before the commit (a transaction that came in parts) it says nothing of that.
    const known = compareHalves(this.lsnHigh, this.lsnLow, finalHigh, finalLow) < 0;
    this.#firstHigh = known ? this.lsnHigh : 0;
    this.#firstLow = known ? this.lsnLow : 0;
    this.#shown.beginTransaction(xid, finalHigh, finalLow);
    this.#watch.begin(xid);
    this.#registers.beginTransaction(micros, xid);
    this.#registers.clearOrigin();
    if (this.#position.lastCommitHigh === 0 && this.#position.lastCommitLow === 0) this.#registers.clearLastCommitLsn();
    else this.#registers.setLastCommitLsn(this.#position.lastCommitHigh, this.#position.lastCommitLow);
    this.#change.sourceTimeMs = Math.floor(micros / 1000);
    this.#transactions?.begin(xid);
    const room = this.#transactions === null || this.#mark(this.#transactions, 'BEGIN');
    if (this.#relations.begins(xid, room)) return Decoded.DECLARE;
    return room ? Decoded.NEXT : Decoded.DRAIN;
  }

  /** A record of the transaction itself. False: stop soon. */
  #mark(transactions: TransactionRecords, status: 'BEGIN' | 'END'): boolean {
    const position = this.#position;
    position.message(status, this.lsnHigh, this.lsnLow);
    this.#registers.setLsn(this.lsnHigh, this.lsnLow);
    let room = true;
    if (position.admit()) {
      room = status === 'BEGIN' ? transactions.emitBegin() : transactions.emitEnd();
      position.handedOver();
    }
    position.messageDone();
    return room;
  }

  /** 'C' flags:int8 commitLsn:int64 endLsn:int64 commitTime:int64 */
  #commit(): Decoded {
    const cursor = this.#cursor;
    cursor.advance(9);
    const endHigh = cursor.uint32();
    const endLow = cursor.uint32();
    cursor.advance(8);
    if (!this.#position.inTransaction) throw malformed('a commit without a transaction');
    const transactions = this.#transactions;
    const room = transactions === null || this.#mark(transactions, 'END');
    transactions?.end();
    // Whoever found no room for the end has brought a change.
    if (!this.#position.commit(endHigh, endLow)) return Decoded.NEXT;
    this.#position.boundaryDone();
    return this.#out.boundary() && room ? Decoded.NEXT : Decoded.DRAIN;
  }

  /** 'I' relation:int32 'N' tuple */
  #insert(): Decoded {
    const relation = this.#row('INSERT', true);
    this.#expect(0x4e);
    if (relation !== null) {
      const isUnfit = decodeTuple(this.#cursor, relation, this.#change.after, false);
      if (this.#isUnlisted(relation, isUnfit)) return Decoded.DECLARE;
      if (relation.layout !== null) this.#emitter.insert(relation);
      // At the same moment at which the row counts as done: the next offset has both.
      if (relation.isSignalTable && !this.#position.replaying) this.#onSignal?.(relation);
    }
    return this.#rowDone();
  }

  /** 'U' relation:int32 ['K' tuple | 'O' tuple] 'N' tuple */
  #update(): Decoded {
    const relation = this.#row('UPDATE');
    if (relation === null) return this.#rowDone();
    const { before, after } = this.#change;
    before.count = 0;
    let isUnfit = false;
    let kind = this.#cursor.uint8();
    if (kind === 0x4b || kind === 0x4f) {
      isUnfit = decodeTuple(this.#cursor, relation, before, kind === 0x4b);
      kind = this.#cursor.uint8();
      if (kind !== 0x4e) throw malformed(`0x${kind.toString(16)} instead of a new row`);
      isUnfit = decodeTuple(this.#cursor, relation, after, false) || isUnfit;
      fillUnchanged(before, after);
    } else {
      if (kind !== 0x4e) throw malformed(`0x${kind.toString(16)} instead of a row`);
      isUnfit = decodeTuple(this.#cursor, relation, after, false);
    }
    if (this.#isUnlisted(relation, isUnfit)) return Decoded.DECLARE;
    if (this.#listsUnavailable && relation.layout !== null) {
      this.#registers.setUnavailable(after, relation.captured, relation.layout.names);
    }
    this.#emitter.update(relation);
    if (this.#listsUnavailable) this.#registers.clearUnavailable();
    return this.#rowDone();
  }

  /** 'D' relation:int32 ('K' tuple | 'O' tuple) */
  #delete(): Decoded {
    const relation = this.#row('DELETE');
    if (relation === null) return this.#rowDone();
    const kind = this.#cursor.uint8();
    if (kind !== 0x4b && kind !== 0x4f) throw malformed(`0x${kind.toString(16)} instead of an old row`);
    if (decodeTuple(this.#cursor, relation, this.#change.before, kind === 0x4b) && !this.#asked) return this.#readAgain(relation);
    this.#emitter.delete(relation);
    return this.#rowDone();
  }

  /** 'T' count:int32 options:int8 relation:int32... */
  #truncate(): Decoded {
    const cursor = this.#cursor;
    this.#inTransaction('TRUNCATE');
    const count = cursor.int32();
    cursor.uint8();
    if (count < 0 || count * 4 > cursor.rest) throw malformed(`a truncate of ${count} tables`);
    for (let index = 0; index < count; index += 1) {
      const relation = this.#known(cursor.uint32());
      if (relation.layout === null) continue;
      this.#aim(relation);
      this.#emitter.truncate(relation);
    }
    return this.#rowDone();
  }

  /** 'O' originLsn:int64 name:text */
  #origin(): Decoded {
    const cursor = this.#cursor;
    const high = cursor.uint32();
    const low = cursor.uint32();
    const end = cursor.bytes.indexOf(0, cursor.at);
    if (end < 0 || end >= cursor.end) throw malformed('an origin without end');
    this.#registers.setOrigin(cursor.bytes, cursor.at, end, high, low);
    return Decoded.NEXT;
  }

  /** 'M' flags:int8 lsn:int64 prefix:text length:int32 content. Counted, so that ordinals stay what they are whoever reads them. */
  #message(): Decoded {
    const cursor = this.#cursor;
    const transactional = (cursor.uint8() & 1) === 1;
    const high = cursor.uint32();
    const low = cursor.uint32();
    const prefix = cursor.text();
    const length = cursor.int32();
    const start = cursor.advance(length);
    if (transactional) this.#inTransaction('MESSAGE');
    const messages = this.#messages;
    if (messages === null || !messages.accepts(prefix)) {
      if (transactional) this.#position.messageDone();
      return Decoded.NEXT;
    }
    if (!transactional && this.#position.isDone(high, low)) return Decoded.NEXT;
    messages.hold(prefix, cursor.bytes, start, start + length);
    if (messages.declared) return this.#emitMessage(messages, transactional, high, low);
    this.#relations.defer(async (out) => {
      await messages.declare();
      if (this.#emitMessage(messages, transactional, high, low) === Decoded.DRAIN) await out.drained();
    });
    return Decoded.DECLARE;
  }

  #emitMessage(messages: LogicalMessages, transactional: boolean, high: number, low: number): Decoded {
    const position = this.#position;
    const registers = this.#registers;
    if (!transactional) {
      registers.outsideTransaction(this.#change.timestampMs, high, low);
      position.messageOutside(high, low);
    }
    registers.setLsn(high, low);
    if (transactional) this.#transactions?.changed(this.#transactions.counter(messageCollection));
    const admitted = position.admit();
    const room = !admitted || messages.emit();
    if (admitted) position.handedOver();
    if (transactional) {
      position.messageDone();
      return room ? Decoded.NEXT : Decoded.DRAIN;
    }
    // A message's LSN is the end of its log record: the server brings nothing again that starts before it.
    position.idle(high, low);
    position.boundaryDone();
    return this.#out.boundary() && room ? Decoded.NEXT : Decoded.DRAIN;
  }

  /** 'R' relation:int32 schema:text table:text identity:int8 count:int16 (flags:int8 name:text type:int32 typmod:int32)... */
  #relation(): Decoded {
    const cursor = this.#cursor;
    const id = cursor.uint32();
    const schema = cursor.text();
    const table = cursor.text();
    const identity = String.fromCharCode(cursor.uint8());
    if (identity !== 'd' && identity !== 'f' && identity !== 'n' && identity !== 'i') throw malformed(`replica identity "${identity}"`);
    const count = cursor.uint16();
    const columns: RelationColumn[] = [];
    for (let index = 0; index < count; index += 1) {
      const isKey = (cursor.uint8() & 1) === 1;
      columns.push({ isKey, name: cursor.text(), typeOid: cursor.uint32(), typmod: cursor.int32() });
    }
    // An empty schema name stands for pg_catalog.
    const message = { id, schema: schema === '' ? 'pg_catalog' : schema, table, identity, columns } as const;
    const pending = this.#relations.define(
      message,
      this.#position.inTransaction ? this.#position.xid : 0,
      lsnFromHalves(this.#firstHigh, this.#firstLow),
    );
    return pending ? Decoded.DECLARE : Decoded.NEXT;
  }

  /** The start of a row message; null when the table is not captured. */
  #row(type: string, orSignal = false): Relation | null {
    this.#inTransaction(type);
    const relation = this.#known(this.#cursor.uint32());
    if (relation.layout === null && !(orSignal && relation.isSignalTable)) return null;
    this.#aim(relation);
    return relation;
  }

  /** True: the row has a new label of an enum or is `isUnfit`, and comes again when the table has been described anew. */
  #isUnlisted(relation: Relation, isUnfit: boolean): boolean {
    const { labels } = relation;
    const { after } = this.#change;
    if (!isUnfit && (labels === null || labels.lists(after))) return false;
    if (!this.#asked) return this.#readAgain(relation) === Decoded.DECLARE;
    labels?.learn(after);
    return false;
  }

  #readAgain({ id }: Relation): Decoded {
    const frame = Buffer.from(this.#cursor.bytes.subarray(this.#frameAt, this.#cursor.end));
    this.#relations.unlisted(id, this.#position.xid, async (out) => {
      this.#asked = true;
      const decoded = this.decode(frame, 0, frame.length);
      this.#asked = false;
      if (decoded === Decoded.DRAIN) await out.drained();
    });
    return Decoded.DECLARE;
  }

  #inTransaction(type: string): void {
    if (!this.#position.inTransaction) throw malformed(`${type} outside a transaction`);
    this.#position.message(type, this.lsnHigh, this.lsnLow);
  }

  #known(id: number): Relation {
    const relation = this.#relations.get(id);
    if (relation === null) throw malformed(`a row of table ${id}, which has not been described`);
    return relation;
  }

  #aim(relation: Relation): void {
    if (relation.rowSchema !== null) this.#change.schema = relation.rowSchema;
    this.#registers.setLsn(this.lsnHigh, this.lsnLow);
  }

  #rowDone(): Decoded {
    this.#position.messageDone();
    return this.#emitter.takeRoom() ? Decoded.NEXT : Decoded.DRAIN;
  }

  #expect(tag: number): void {
    const found = this.#cursor.uint8();
    if (found !== tag) throw malformed(`0x${found.toString(16)} instead of 0x${tag.toString(16)}`);
  }
}
