import type { Registers } from '../../record/change.ts';
import type { HeaderNode } from '../../record/shape.ts';
import type { CsvInputFile } from './csv-input.ts';
import { basename, dirname, resolve } from 'node:path';

/** Facts about a row's file, in registers of the change; the names are those of the spooldir connector. */
const texts = ['file.name', 'file.name.without.extension', 'file.path', 'file.parent.dir.name', 'file.last.modified', 'file.relative.path'];
const numbers = ['file.length', 'file.offset'];
const offsetRegister = texts.length + 1;

export const fileRegisters = texts.length + numbers.length;

export const fileHeaders: readonly HeaderNode[] = [...texts, ...numbers].map((name, register) => {
  const holds = register < texts.length ? ('text' as const) : ('int64' as const);
  const schema = { type: holds === 'text' ? ('string' as const) : ('int64' as const), optional: false };
  return { name, node: { kind: 'register', schema, register, holds }, ops: null, presence: null };
});

/** Once per file. */
export function setFile(registers: Registers, { name, path, state }: CsvInputFile): void {
  const file = basename(path);
  const whole = resolve(path);
  const dot = file.lastIndexOf('.');
  const modified = new Date(state.modifiedMs).toISOString();
  const values = [file, dot > 0 ? file.slice(0, dot) : file, whole, basename(dirname(whole)), modified, name];
  const encoded = values.map((value) => Buffer.from(value));
  registers.bytes = Buffer.concat(encoded);
  let at = 0;
  for (const [register, bytes] of encoded.entries()) {
    registers.setText(register, at, at + bytes.length);
    at += bytes.length;
  }
  registers.setNumber(texts.length, state.size);
}

/** Once per row. */
export function setLine(registers: Registers, line: number): void {
  registers.setNumber(offsetRegister, line);
}
