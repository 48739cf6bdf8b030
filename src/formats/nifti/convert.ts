// From the stored bytes of a volume to its numbers, as the bytes come: no second copy of the volume is made.

import { FormatError } from "../../errors.ts";
import type { Datatype } from "./datatype.ts";

/** How voxels are stored; a number is slope * stored + inter. */
export interface StoredForm {
  readonly datatype: Datatype;
  readonly littleEndian: boolean;
  readonly slope: number;
  readonly inter: number;
}

/** Bytes converted at a time; whole voxels of any type. */
const PIECE_BYTES = 65536;

/** Takes a file from its first byte on, in chunks of any length, and converts the voxels of one volume. */
export class VoxelConverter {
  readonly data: Float32Array<ArrayBuffer>;
  readonly #form: StoredForm;
  /** Bytes of the file before the volume. */
  #toSkip: number;
  #converted = 0;
  // A piece is aligned for any type, and may be swapped in place.
  readonly #piece = new Uint8Array(PIECE_BYTES);
  #filled = 0;

  /** The volume's first byte is byte `from` of the file. Throws FormatError where its numbers fit into no memory. */
  constructor(voxels: number, from: number, form: StoredForm, name: string) {
    this.#form = form;
    this.#toSkip = from;
    try {
      this.data = new Float32Array(voxels);
    } catch {
      throw new FormatError(`${name}: too large, got ${voxels} voxels, expected as many as memory has room for`);
    }
  }

  take(chunk: Uint8Array): void {
    let at = Math.min(this.#toSkip, chunk.length);
    this.#toSkip -= at;
    while (at < chunk.length && this.#converted < this.data.length) {
      const wanted = (this.data.length - this.#converted) * this.#form.datatype.bytes;
      const room = Math.min(PIECE_BYTES, wanted) - this.#filled;
      const part = chunk.subarray(at, at + room);
      this.#piece.set(part, this.#filled);
      this.#filled += part.length;
      at += part.length;
      if (part.length === room) this.#convert();
    }
  }

  #convert(): void {
    const { datatype, littleEndian, slope, inter } = this.#form;
    if (!littleEndian) swapBytes(this.#piece.subarray(0, this.#filled), datatype.bytes);
    // Typed arrays are little-endian on every platform that has WebGPU.
    const values = new datatype.array(this.#piece.buffer, 0, this.#filled / datatype.bytes);
    for (let n = 0; n < values.length; n++) this.data[this.#converted++] = slope * Number(values[n]!) + inter;
    this.#filled = 0;
  }
}

function swapBytes(bytes: Uint8Array, width: number): void {
  for (let at = 0; width > 1 && at < bytes.length; at += width) bytes.subarray(at, at + width).reverse();
}
