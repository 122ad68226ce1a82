import type { Socket } from 'node:net';

import { escapeIdentifier, escapeLiteral, type Client } from 'pg';
import type { LogicalReplicationService } from 'pg-logical-replication';

import type { FrameReader } from './frame-reader.ts';

/** The package's plugin contract; the class itself is not exported. */
type Plugin = Parameters<LogicalReplicationService['subscribe']>[0];

/** The parts of `pg`'s connection that streaming needs. */
export interface ReplicationChannel {
  readonly stream: Socket;
  sendCopyFromChunk(chunk: Buffer): void;
  on(event: 'error', listener: (error: Error) => void): unknown;
  once(event: 'replicationStart', listener: () => void): unknown;
  removeAllListeners(event: 'copyData'): unknown;
}

export interface RawPluginOptions {
  /** START_REPLICATION options in order. */
  readonly params: readonly (readonly [name: string, value: string])[];
  /** Before the command; plain SQL may be run on the client. */
  readonly prepare: (client: Client, channel: ReplicationChannel) => Promise<void>;
  /** Gets every byte from the command's answer on. */
  readonly reader: FrameReader;
}

/**
 * The seam of pg-logical-replication: its service makes the connection and runs the command, and everything behind that
 * is ours. Its own listener, which builds strings per message, is taken off, and the bytes of the stream no longer go
 * through pg's parser, which makes objects per message; decoding, acknowledging and flow control are done in
 * `ReplicationStream`.
 */
export class RawPlugin implements Plugin {
  readonly name = 'pgoutput';
  readonly options: RawPluginOptions;

  constructor(options: RawPluginOptions) {
    this.options = options;
  }

  /** Settles when the stream ends. */
  async start(client: Client, slotName: string, lastLsn: string): Promise<unknown> {
    const channel = (client as unknown as { readonly connection: ReplicationChannel }).connection;
    await this.options.prepare(client, channel);
    channel.removeAllListeners('copyData');
    divert(channel.stream, this.options.reader);
    return client.query(startReplication(slotName, lastLsn, this.options.params));
  }

  /** Never called: its caller is the listener that `start` takes off. */
  parse(_buffer: Buffer): null {
    return null;
  }
}

/**
 * Between two commands pg's parser holds no part of a message, so the bytes can be taken from it here; it goes on to get
 * the whole messages that are no CopyData: the command's answer, errors, its end. `FrameHandler.other` passes them on.
 */
function divert(stream: Socket, reader: FrameReader): void {
  stream.removeAllListeners('data');
  reader.attach();
  stream.on('data', (chunk: Buffer) => reader.append(chunk));
}

function startReplication(slot: string, lsn: string, params: RawPluginOptions['params']): string {
  const options = params.map(([name, value]) => `${escapeIdentifier(name)} ${escapeLiteral(value)}`);
  return `START_REPLICATION SLOT ${escapeIdentifier(slot)} LOGICAL ${lsn} (${options.join(', ')})`;
}
