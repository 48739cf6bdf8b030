// The wire format of protocol buffers, read strictly: every field stays inside its message, messages nest only so deep, and
// there are only so many of them, because a byte of a hostile file must not become a kilobyte of objects.
// Source: https://protobuf.dev/programming-guides/encoding/

import protobuf from "protobufjs/minimal.js";
import { FormatError } from "../../errors.ts";

/** Subgraphs nest, and types of sequences; real ones a few levels. */
const maxDepth = 32;

/**
 * Messages, strings and numbers of a file that become objects of their own. The largest real models have some 100,000; a graph of
 * 100,000 nodes that are all outputs has 1.2 million.
 */
const maxItems = 2_000_000;

/** Kinds of encoding; groups (3 and 4) are not used by ONNX. */
const wireTypes = { varint: 0, fixed64: 1, bytes: 2, fixed32: 5 } as const;

/** A field's number and kind of encoding as one number, to compare with. */
export const varint = (field: number) => field * 8 + wireTypes.varint;
export const lengthOf = (field: number) => field * 8 + wireTypes.bytes;
export const fixed32 = (field: number) => field * 8 + wireTypes.fixed32;

/** The message with each field writable: how one is filled. */
export type Draft<T> = { -readonly [K in keyof T]: T[K] };

export class WireReader {
  readonly #reader: protobuf.Reader;
  readonly #file: string;
  #depth = 0;
  #items = 0;

  constructor(bytes: Uint8Array, file: string) {
    this.#reader = new protobuf.Reader(bytes);
    this.#file = file;
  }

  /** Reads the whole file as one message. Throws FormatError with the byte where it breaks off. */
  whole(field: (number: number, wireType: number) => void): void {
    try {
      this.#fields("model", this.#reader.len, field);
    } catch (error) {
      if (error instanceof FormatError) throw error;
      const reason = error instanceof Error ? error.message : String(error);
      throw new FormatError(`${this.#file}: not an ONNX model: ${reason} (byte ${this.#reader.pos})`);
    }
  }

  /** Reads a message inside another. `field` reads each field, or leaves it, and it is skipped. */
  message(name: string, field: (number: number, wireType: number) => void): void {
    const length = this.#reader.size();
    const end = this.#reader.pos + length;
    if (end > this.#reader.len) throw this.#fault(`${name} leaves its message, got a length of ${length} bytes`);
    this.#count();
    if (++this.#depth > maxDepth) throw this.#fault(`${name} is nested deeper than ${maxDepth} messages`);
    const outer = this.#reader.len;
    this.#reader.len = end;
    this.#fields(name, end, field);
    this.#reader.len = outer;
    this.#depth--;
  }

  /** Text. Throws FormatError unless it is UTF-8. */
  text(): string {
    this.#count();
    return this.#reader.stringVerify();
  }

  /** A view of the file's bytes. */
  bytes(): Uint8Array {
    this.#count();
    return this.#reader.bytes();
  }

  float(): number {
    return this.#reader.float();
  }

  /** A signed 64-bit integer as the nearest number: exact below 2^53. */
  integer(): number {
    return Number(this.#reader.int64());
  }

  /** Appends the values of a repeated field, packed or not. */
  integers(wireType: number, values: number[]): void {
    this.#repeated(wireType, wireTypes.varint, () => values.push(this.integer()));
  }

  floats(wireType: number, values: number[]): void {
    this.#repeated(wireType, wireTypes.fixed32, () => values.push(this.float()));
  }

  /** Appends the stretch of a repeated field of numbers as it stands; one number where it is not packed. */
  stretch(wireType: number, stretches: Uint8Array[]): void {
    this.#count();
    if (wireType === wireTypes.bytes) stretches.push(this.#reader.bytes());
    else {
      const start = this.#reader.pos;
      this.#reader.skipType(wireType);
      stretches.push(this.#reader.buf.subarray(start, this.#reader.pos));
    }
  }

  #repeated(wireType: number, single: number, read: () => void): void {
    if (wireType === single) {
      this.#count();
      read();
      return;
    }
    const length = this.#reader.size();
    const end = this.#reader.pos + length;
    if (wireType !== wireTypes.bytes || end > this.#reader.len)
      throw this.#fault("a repeated field leaves its message");
    while (this.#reader.pos < end) {
      this.#count();
      read();
    }
    if (this.#reader.pos !== end) throw this.#fault("a repeated field ends inside a number");
  }

  #fields(name: string, end: number, field: (number: number, wireType: number) => void): void {
    const reader = this.#reader;
    while (reader.pos < end) {
      const tag = reader.tag();
      const start = reader.pos;
      field(tag >>> 3, tag & 7);
      // A field of another type than the standard's would be misread: skip what nobody read.
      if (reader.pos === start) this.#skip(tag & 7, tag >>> 3);
      if (reader.pos > end) throw this.#fault(`a field leaves its message, ${name}`);
    }
  }

  #skip(wireType: number, number: number): void {
    if (wireType === 3 || wireType === 4) throw this.#fault("a group, which ONNX does not have");
    this.#reader.skipType(wireType, 0, number);
  }

  #count(): void {
    if (++this.#items > maxItems) throw this.#fault(`more than ${maxItems} messages and values`);
  }

  #fault(what: string): FormatError {
    return new FormatError(`${this.#file}: not an ONNX model: ${what} (byte ${this.#reader.pos})`);
  }
}
