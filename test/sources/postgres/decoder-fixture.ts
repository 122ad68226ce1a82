import { Config } from '../../../src/connect/config.ts';
import { Change } from '../../../src/record/change.ts';
import { nextRowSchemaId } from '../../../src/record/row-schema.ts';
import type { RowWatch } from '../../../src/sources/postgres/adhoc/row-watch.ts';
import { captureKeys } from '../../../src/sources/postgres/capture-keys.ts';
import { TypeCatalog, type TableInfo } from '../../../src/sources/postgres/catalog.ts';
import { connectionKeys } from '../../../src/sources/postgres/connection-keys.ts';
import { FrameReader, type FrameHandler } from '../../../src/sources/postgres/frame-reader.ts';
import { LogicalMessages } from '../../../src/sources/postgres/logical-messages.ts';
import { otherKeys } from '../../../src/sources/postgres/other-keys.ts';
import { Decoded, PgoutputDecoder } from '../../../src/sources/postgres/pgoutput-decoder.ts';
import { startPoint, type ResumePoint } from '../../../src/sources/postgres/position.ts';
import { registerCount, SourceRegisters } from '../../../src/sources/postgres/registers.ts';
import type { RelationCatalog } from '../../../src/sources/postgres/relation-catalog.ts';
import { RelationCache } from '../../../src/sources/postgres/relation-cache.ts';
import { RowEmitter } from '../../../src/sources/postgres/row-emitter.ts';
import { parseSettings, type PostgresSettings } from '../../../src/sources/postgres/settings.ts';
import { SnapshotFilter } from '../../../src/sources/postgres/snapshot-filter.ts';
import { snapshotKeys } from '../../../src/sources/postgres/snapshot-keys.ts';
import { StreamPosition } from '../../../src/sources/postgres/stream-position.ts';
import { TableFilter } from '../../../src/sources/postgres/table-filter.ts';
import { TransactionRecords } from '../../../src/sources/postgres/transaction-records.ts';
import { CollectingOutlet } from '../../support/collecting-outlet.ts';
import { copyData, type ScriptTable } from '../../support/wal-script.ts';

export function testSettings(extra: Readonly<Record<string, string>> = {}): PostgresSettings {
  const keys = [...connectionKeys, ...captureKeys, ...snapshotKeys, ...otherKeys];
  const defaults = Object.fromEntries(keys.filter((key) => key.pattern === undefined).map((key) => [key.name, key.default ?? null]));
  const config = Config.of({
    ...defaults,
    'connector.class': 'io.debezium.connector.postgresql.PostgresConnector',
    'database.hostname': 'localhost',
    'database.user': 'somebody',
    'database.dbname': 'shop',
    'topic.prefix': 'shop',
    'plugin.name': 'pgoutput',
    ...extra,
  });
  return parseSettings('test', config);
}

/** A decoder over a scripted catalog: everything but the connection. */
export class DecoderFixture implements FrameHandler {
  readonly out = new CollectingOutlet();
  readonly position: StreamPosition;
  readonly decoder: PgoutputDecoder;
  readonly change: Change;
  readonly reader = new FrameReader(this);
  readonly relations: RelationCache;
  readonly registers: SourceRegisters;
  readonly settings: PostgresSettings;
  readonly transactions: TransactionRecords | null;
  #outcome: Decoded = Decoded.NEXT;

  constructor(
    tables: readonly ScriptTable[],
    options: {
      readonly resume?: ResumePoint;
      readonly settings?: Readonly<Record<string, string>>;
      /** Logical messages become changes, too. */
      readonly messages?: boolean;
      /** Instead of the tables. */
      readonly catalog?: RelationCatalog;
      readonly watch?: RowWatch;
    } = {},
  ) {
    const settings = testSettings(options.settings);
    const position = new StreamPosition(options.resume ?? startPoint(0n), settings.records.transactions);
    const shown = SnapshotFilter.parse(null, () => true);
    this.position = position;
    this.change = new Change({ id: nextRowSchemaId(), name: '', columns: [], key: new Uint16Array(0) }, registerCount, () =>
      position.locate(),
    );
    const registers = new SourceRegisters(this.change);
    this.registers = registers;
    this.settings = settings;
    const types = new TypeCatalog();
    const catalog = options.catalog ?? {
      table: async (oid: number) => tables.map(tableInfo).find((table) => table.oid === oid) ?? null,
      types: async () => types,
    };
    this.transactions = settings.records.transactions ? new TransactionRecords(settings, this.change, registers, this.out) : null;
    this.relations = new RelationCache(settings, new TableFilter(settings), catalog, this.change, shown, this.transactions);
    const emitter = new RowEmitter(this.change, this.out, position, shown, settings, this.transactions, options.watch);
    const transactions = this.transactions ?? undefined;
    const listsUnavailable = settings.records.unavailableHeader !== null;
    const parts = {
      change: this.change,
      registers,
      relations: this.relations,
      emitter,
      position,
      out: this.out,
      shown,
      transactions,
      listsUnavailable,
      ...(options.messages === true ? { messages: new LogicalMessages(settings, this.change, this.out) } : {}),
      watch: options.watch,
    };
    this.decoder = new PgoutputDecoder(parts);
  }

  /** One frame after the other, waiting where the stream would wait. */
  async feed(frames: readonly Buffer[]): Promise<void> {
    await this.transactions?.declare();
    for (const frame of frames) await this.feedBytes([copyData([frame])]);
  }

  /** Chunks of the connection's byte stream. */
  async feedBytes(chunks: readonly Buffer[]): Promise<void> {
    for (const chunk of chunks) {
      this.reader.append(chunk);
      while (this.reader.closed) {
        if (this.#outcome === Decoded.DECLARE) await this.relations.resolve(this.out);
        else this.out.makeRoom();
        this.reader.open();
      }
    }
  }

  frame(bytes: Buffer, start: number, end: number): boolean {
    this.#outcome = this.decoder.decode(bytes, start, end);
    // Wiped, as the read buffer is used again: whoever kept a frame would see zeros.
    bytes.fill(0, start, end);
    return this.#outcome === Decoded.NEXT;
  }

  other(): void {}

  arrived(): void {}

  closed(): void {}

  failed(error: unknown): void {
    throw error;
  }
}

function tableInfo(table: ScriptTable): TableInfo {
  return {
    oid: table.id,
    schema: table.schema,
    name: table.name,
    kind: 'r',
    logged: true,
    isPartition: false,
    columns: table.columns.map((column, index) => ({
      name: column.name,
      number: index + 1,
      typeOid: column.type,
      typmod: -1,
      notNull: column.key === true,
      defaultExpression: null,
      generated: '',
      identity: false,
    })),
    primaryKey: table.columns.filter((column) => column.key === true).map((column) => column.name),
    replicaIdentity: table.identity,
    identityIndexColumns: [],
  };
}
