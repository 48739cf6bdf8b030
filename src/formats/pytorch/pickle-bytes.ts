// The arguments of a pickle's opcodes.

import { FormatError } from "../../errors.ts";

/** The bytes end within a pickle: there may be more of them in the file. */
export class Truncated extends FormatError {}

/** More digits than any number of a checkpoint has; larger ones are refused, as reading them is not linear. */
const mostLongBytes = 128;

const decoder = new TextDecoder("utf-8", { ignoreBOM: true });

/** A place in bytes that moves on with each read. Reads beyond the end throw {@link Truncated}. */
export class PickleBytes {
  readonly file: string;
  at: number;
  readonly #bytes: Uint8Array;
  readonly #view: DataView;

  constructor(bytes: Uint8Array, start: number, file: string) {
    this.#bytes = bytes;
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    this.at = start;
    this.file = file;
  }

  u8(): number {
    return this.#view.getUint8(this.#skip(1));
  }

  u16(): number {
    return this.#view.getUint16(this.#skip(2), true);
  }

  u32(): number {
    return this.#view.getUint32(this.#skip(4), true);
  }

  i32(): number {
    return this.#view.getInt32(this.#skip(4), true);
  }

  f64(): number {
    return this.#view.getFloat64(this.#skip(8), false);
  }

  /** A number of bytes: beyond 2^53 it is rounded, and too large in any case. */
  u64(): number {
    return Number(this.#view.getBigUint64(this.#skip(8), true));
  }

  /** A view of the next bytes. */
  take(count: number): Uint8Array {
    const start = this.#skip(count);
    return this.#bytes.subarray(start, start + count);
  }

  /** Names may be any text, and so may bytes that are none. */
  text(count: number): string {
    return decoder.decode(this.take(count));
  }

  /** Up to the end of a line, which is read over; so the names of a GLOBAL end. */
  line(): string {
    const end = this.#bytes.indexOf(0x0a, this.at);
    if (end === -1) throw this.#truncated();
    const text = this.text(end - this.at);
    this.at = end + 1;
    return text;
  }

  /** A whole number in two's complement, little-endian; rounded beyond 2^53. */
  long(count: number): number {
    if (count > mostLongBytes) throw this.fault(`a number of ${count} bytes, expected at most ${mostLongBytes}`);
    const bytes = this.take(count);
    const isNegative = ((bytes[count - 1] ?? 0) & 0x80) !== 0;
    let value = 0n;
    for (let n = count - 1; n >= 0; n--) value = (value << 8n) | BigInt(bytes[n] ?? 0);
    return Number(isNegative ? value - (1n << BigInt(8 * count)) : value);
  }

  fault(what: string): FormatError {
    return new FormatError(`${this.file}: no pickle that is read, got ${what} before byte ${this.at} of it`);
  }

  #skip(count: number): number {
    const { at } = this;
    if (at + count > this.#bytes.length) throw this.#truncated();
    this.at += count;
    return at;
  }

  #truncated(): Truncated {
    return new Truncated(`${this.file}: the pickle ends before its last opcode, at byte ${this.#bytes.length} of it`);
  }
}
