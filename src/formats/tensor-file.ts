// A file of named tensors, whatever its format: what it holds at once, each tensor when it is asked for.

import { FormatError } from "../errors.ts";
import { bf16ToF32, f16ToF32 } from "../half.ts";
import type { Shape } from "../tensor.ts";
import { quote } from "./quote.ts";
import type { SafetensorsDType } from "./safetensors/dtype.ts";

/** One tensor of a file. */
export interface TensorEntry {
  readonly name: string;
  readonly dtype: SafetensorsDType;
  readonly shape: Shape;
  /** Of its elements, without gaps. */
  readonly byteLength: number;
}

/** F16 and BF16 come as F32, I64 as it is, all others by their bytes. */
export type LoadedData = Float32Array | Uint8Array | BigInt64Array;

/** An open file of tensors. */
export abstract class TensorFile {
  /** The file's name, for messages. */
  abstract readonly name: string;
  abstract readonly metadata: Readonly<Record<string, string>>;
  abstract readonly entries: ReadonlyMap<string, TensorEntry>;

  /**
   * Reads the bytes of one tensor: its elements in row-major order, little-endian, in a buffer of their own.
   * Throws FormatError if there is no such tensor.
   */
  abstract readRaw(name: string): Promise<Uint8Array>;

  /** Closes the file; later reads throw UsageError. */
  abstract close(): Promise<void>;

  /**
   * Reads one tensor as F32. F16, BF16 and small integers always fit; I32, U32, I64 and F64 only where each value does.
   * Throws FormatError if there is no such tensor or a value is no F32.
   */
  async readF32(name: string): Promise<Float32Array> {
    const data = await this.read(name);
    if (data instanceof Float32Array) return data;
    if (this.entry(name).dtype === "U8") return Float32Array.from<number | bigint>(data, Number);
    return this.#narrow(name, data instanceof BigInt64Array ? data : await this.readNumbers(name));
  }

  /** Reads one tensor: F32, F16 and BF16 as F32; I64 as it is; others by their bytes. Throws FormatError if there is no such tensor. */
  async read(name: string): Promise<LoadedData> {
    const bytes = await this.readRaw(name);
    const { dtype } = this.entry(name);
    const { buffer } = bytes;
    switch (dtype) {
      case "F32":
        return new Float32Array(buffer);
      case "F16":
        return f16ToF32(new Uint16Array(buffer));
      case "BF16":
        return bf16ToF32(new Uint16Array(buffer));
      case "I64":
        return new BigInt64Array(buffer);
      default:
        return bytes;
    }
  }

  /** Reads one tensor as numbers of f64, which hold all but large I64. Throws FormatError if there is no such tensor. */
  async readNumbers(name: string): Promise<Float64Array> {
    const { dtype } = this.entry(name);
    const data = await this.read(name);
    const { buffer } = data;
    switch (dtype) {
      case "F32":
      case "F16":
      case "BF16":
      case "U8":
      case "I64":
        return Float64Array.from<number | bigint>(data, Number);
      case "I32":
        return Float64Array.from(new Int32Array(buffer));
      case "U32":
        return Float64Array.from(new Uint32Array(buffer));
      case "I16":
        return Float64Array.from(new Int16Array(buffer));
      case "U16":
        return Float64Array.from(new Uint16Array(buffer));
      case "I8":
        return Float64Array.from(new Int8Array(buffer));
      case "BOOL":
        return Float64Array.from<number | bigint>(data, (byte) => (Number(byte) === 0 ? 0 : 1));
      case "F64":
        return new Float64Array(buffer);
    }
    dtype satisfies never;
  }

  get halfNames(): string[] {
    return [...this.entries.values()].filter(({ dtype }) => dtype === "F16").map(({ name }) => name);
  }

  /** Reads one tensor of F16 by its bits. Throws FormatError if there is no such tensor. */
  async readF16(name: string): Promise<Uint16Array> {
    const bytes = await this.readRaw(name);
    return new Uint16Array(bytes.buffer, bytes.byteOffset, bytes.byteLength / 2);
  }

  protected entry(name: string): TensorEntry {
    const entry = this.entries.get(name);
    if (entry !== undefined) return entry;
    throw new FormatError(`${this.name}: no tensor ${quote(name)}, the file has ${this.entries.size} others`);
  }

  #narrow(name: string, values: BigInt64Array | Float64Array): Float32Array {
    const narrowed = Float32Array.from<number | bigint>(values, Number);
    const isSame = (value: number, i: number) =>
      values instanceof BigInt64Array ? BigInt(value) === values[i] : Object.is(value, values[i]);
    const index = narrowed.findIndex((value, i) => !isSame(value, i));
    if (index === -1) return narrowed;
    throw new FormatError(
      `${this.name}: tensor ${quote(name)}: element ${index} is no F32 number, got the ${this.entry(name).dtype} ${values[index]}`,
    );
  }
}
