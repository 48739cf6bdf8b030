// From the bytes of a file to the voxels of one volume, as the bytes come: the voxels are kept as the file stores them, and
// become numbers where they are looked at, so that no second copy of the volume is made.

import { FormatError } from "../../errors.ts";
import type { Datatype, Voxels } from "./datatype.ts";

/** Voxels as a file stores them; the number of one is slope * stored + inter, rounded to f32. */
export interface StoredVoxels {
  /** Of the file's datatype; int64 and uint64 as float64, which rounds what is over 2^53. */
  readonly stored: ArrayLike<number>;
  readonly slope: number;
  readonly inter: number;
}

/** All numbers of a volume, 4 bytes a voxel: slope * stored + inter. */
export function voxelValues({ stored, slope, inter }: StoredVoxels): Float32Array<ArrayBuffer> {
  const values = new Float32Array(stored.length);
  for (let at = 0; at < values.length; at++) values[at] = slope * stored[at]! + inter;
  return values;
}

/** Takes a file from its first byte on, in chunks of any length, and keeps the voxels of one volume. */
export class VoxelCollector {
  readonly #datatype: Datatype;
  readonly #littleEndian: boolean;
  readonly #buffer: ArrayBuffer;
  /** Where in the volume the next byte of the file belongs; negative before it. */
  #at: number;

  /** The volume's first byte is byte `from` of the file. Throws FormatError where it fits into no memory. */
  constructor(voxels: number, from: number, datatype: Datatype, littleEndian: boolean, name: string) {
    this.#datatype = datatype;
    this.#littleEndian = littleEndian;
    this.#at = -from;
    try {
      this.#buffer = new ArrayBuffer(voxels * datatype.bytes);
    } catch {
      throw new FormatError(`${name}: too large, got ${voxels} voxels, expected as many as memory has room for`);
    }
  }

  /** Begins again with the file's first byte, which is `from` bytes before the volume. */
  restart(from: number): void {
    this.#at = -from;
  }

  take(chunk: Uint8Array): void {
    const first = Math.max(0, -this.#at);
    const room = this.#buffer.byteLength - Math.max(0, this.#at);
    if (first < chunk.length && room > 0) {
      new Uint8Array(this.#buffer).set(chunk.subarray(first, first + room), this.#at + first);
    }
    this.#at += chunk.length;
  }

  /** The voxels, once all bytes were taken. */
  finish(): Voxels {
    const { array, bytes } = this.#datatype;
    if (!this.#littleEndian) swapBytes(new Uint8Array(this.#buffer), bytes);
    // Typed arrays are little-endian on every platform that has WebGPU.
    const voxels = new array(this.#buffer);
    return voxels instanceof BigInt64Array || voxels instanceof BigUint64Array ? inPlace(voxels) : voxels;
  }
}

/** As float64, in the same memory. */
function inPlace(whole: BigInt64Array<ArrayBuffer> | BigUint64Array<ArrayBuffer>): Float64Array<ArrayBuffer> {
  const numbers = new Float64Array(whole.buffer);
  for (let at = 0; at < whole.length; at++) numbers[at] = Number(whole[at]);
  return numbers;
}

function swapBytes(bytes: Uint8Array, width: number): void {
  for (let at = 0; width > 1 && at < bytes.length; at += width) {
    for (let low = at, high = at + width - 1; low < high; low++, high--) {
      const byte = bytes[low]!;
      bytes[low] = bytes[high]!;
      bytes[high] = byte;
    }
  }
}
