import { createHash, randomUUID } from 'node:crypto';
import { readFile, writeFile } from 'node:fs/promises';

import { parseSignalText, type SignalChannelParts } from './signal-channel.ts';
import { SignalFault } from './signal.ts';

/**
 * Signals as lines of a file, which is emptied when they are stored. A crash between the two repeats nothing, because what
 * the file held is part of the offset.
 */
export async function followSignalFile(parts: SignalChannelParts): Promise<void> {
  const { context, settings, signal } = parts;
  const { file, pollIntervalMs } = settings.signals;
  let complained = '';
  while (!signal.aborted) {
    try {
      await readOnce(parts, file);
      complained = '';
    } catch (error) {
      if (signal.aborted) return;
      const { code, message } = error as NodeJS.ErrnoException;
      // No file means no signals; what it held before may be asked for again.
      if (code === 'ENOENT') parts.state.fileDigest = null;
      if (code !== 'ENOENT' && message !== complained) {
        complained = message;
        context.log.warn({ err: error, file }, 'the signal file cannot be read and emptied');
      }
    }
    await context.clock.sleep(pollIntervalMs, signal).catch(() => {});
  }
}

async function readOnce({ context, state, obey, stored, signal }: SignalChannelParts, file: string): Promise<void> {
  const text = await readFile(file, 'utf8');
  // Whoever writes a line ends it: what follows the last end of a line is still being written.
  const whole = text.slice(0, text.lastIndexOf('\n') + 1);
  if (whole.trim() === '') state.fileDigest = null;
  if (whole.trim() === '' || signal.aborted) return;
  const digest = createHash('sha256').update(whole).digest('hex');
  if (digest !== state.fileDigest) {
    state.fileDigest = digest;
    for (const line of whole.split('\n')) {
      if (line.trim() === '') continue;
      try {
        obey(parseSignalText(line, randomUUID()), 'file');
      } catch (error) {
        if (!(error instanceof SignalFault)) throw error;
        context.log.warn({ file }, `a line of the signal file is ignored: ${error.message}`);
      }
    }
  }
  await stored();
  const now = await readFile(file, 'utf8');
  if (now.startsWith(whole)) await writeFile(file, now.slice(whole.length));
  // The same text again is another signal.
  state.fileDigest = null;
}
