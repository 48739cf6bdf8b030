// What a source of bytes is, and the checks that every kind of it shares.

import { FormatError, UsageError } from "../../errors.ts";

/** Bytes that can be read in any order. Reads may overlap in time. */
export interface ByteSource {
  /** What messages call this file: its path, its URL, or a description. */
  readonly name: string;
  /** In bytes. */
  readonly size: number;
  /**
   * Reads `length` bytes from byte `offset`; the array belongs to the caller.
   * Throws FormatError if the range leaves the file or the bytes cannot be had, UsageError after `close`.
   */
  read(offset: number, length: number): Promise<Uint8Array>;
  /** Releases the file. A second call does nothing. */
  close(): Promise<void>;
}

/** Fetches exactly `length` bytes from `offset`; called with ranges inside the file only. */
export type ReadRange = (offset: number, length: number) => Promise<Uint8Array>;

/** A source around any way of reading a range: checks ranges, closing and the number of bytes that came, in one place. */
export class CheckedSource implements ByteSource {
  readonly name: string;
  readonly size: number;
  readonly #readRange: ReadRange;
  readonly #release: () => Promise<void>;
  #closed = false;

  constructor(name: string, size: number, readRange: ReadRange, release: () => Promise<void> = async () => {}) {
    this.name = name;
    this.size = size;
    this.#readRange = readRange;
    this.#release = release;
  }

  async read(offset: number, length: number): Promise<Uint8Array> {
    if (this.#closed) throw new UsageError(`${this.name}: read after close`);
    const inside = Number.isSafeInteger(offset) && Number.isSafeInteger(length) && offset >= 0 && length >= 0;
    if (!inside || offset + length > this.size) {
      throw new FormatError(
        `${this.name}: a read leaves the file, got ${length} bytes from byte ${offset}, expected a range within ${this.size} bytes`,
      );
    }
    const bytes = await this.#attempt(offset, length);
    if (bytes.byteLength !== length) {
      throw new FormatError(
        `${this.name}: the file changed while it was read, got ${bytes.byteLength} bytes from byte ${offset}, expected ${length}`,
      );
    }
    return bytes;
  }

  async close(): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    await this.#release();
  }

  async #attempt(offset: number, length: number): Promise<Uint8Array> {
    try {
      return await this.#readRange(offset, length);
    } catch (error) {
      if (error instanceof RangeError) {
        throw new FormatError(`${this.name}: ${length} bytes are more than this process can hold at once`);
      }
      if (error instanceof DOMException) throw new FormatError(`${this.name}: cannot be read, got ${error.message}`);
      throw error;
    }
  }
}
