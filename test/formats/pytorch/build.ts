// Checkpoints made by hand: pickles opcode by opcode, and the archive around them.
import { crc32 } from "../../../src/formats/crc32.ts";
import { concatenated } from "../../hostile/damage.ts";

/** Bytes and texts, a character a byte, in a row. */
export type Part = string | Uint8Array;

export function bytes(...parts: readonly Part[]): Uint8Array {
  return concatenated(
    ...parts.map((part) => (typeof part === "string" ? Uint8Array.from(part, (c) => c.charCodeAt(0)) : part)),
  );
}

const little = (value: number, width: number) =>
  Uint8Array.from({ length: width }, (_, n) => Math.floor(value / 256 ** n) % 256);

/** BINUNICODE, BININT, and a tuple of both. */
export const text = (value: string) => bytes("X", little(value.length, 4), value);
export const integer = (value: number) => bytes("J", little(value < 0 ? value + 2 ** 32 : value, 4));
export const tuple = (...items: readonly Part[]) => bytes("(", ...items, "t");
export const global = (module: string, name: string) => `c${module}\n${name}\n`;

export interface TensorParts {
  readonly key?: string;
  /** Class of the storage, and how many elements it is said to have. */
  readonly type?: string;
  readonly elements?: number;
  readonly offset?: number;
  readonly shape: readonly number[];
  readonly strides?: readonly number[];
}

/** A call of `_rebuild_tensor_v2`. */
export function tensor(parts: TensorParts): Uint8Array {
  const { key = "0", type = "FloatStorage", offset = 0, shape } = parts;
  const strides = parts.strides ?? shape.map((_, axis) => shape.slice(axis + 1).reduce((a, size) => a * size, 1));
  const elements = parts.elements ?? shape.reduce((a, size) => a * size, 1);
  const storage = bytes(tuple(text("storage"), global("torch", type), text(key), text("cpu"), integer(elements)), "Q");
  const [sizes, steps] = [shape, strides].map((numbers) => tuple(...numbers.map(integer))) as [Uint8Array, Uint8Array];
  const rebuild = global("torch._utils", "_rebuild_tensor_v2");
  return bytes(rebuild, tuple(storage, integer(offset), sizes, steps, "\x89", "}"), "R");
}

/** A dictionary by name. */
export const dictionary = (entries: Readonly<Record<string, Part>>) =>
  bytes("}(", ...Object.entries(entries).flatMap(([name, value]) => [text(name), value]), "u");

export const pickle = (...parts: readonly Part[]) => bytes("\x80\x02", ...parts, ".");

/** An archive of stored files. */
export function archive(files: Readonly<Record<string, Uint8Array>>, method = 0): Uint8Array {
  const [locals, entries]: [Uint8Array[], Uint8Array[]] = [[], []];
  let offset = 0;
  for (const [name, content] of Object.entries(files)) {
    const sizes = [little(crc32(content), 4), little(content.length, 4), little(content.length, 4)];
    const fields = bytes("\x14\0", "\0\0", little(method, 2), "\0\0\0\0", ...sizes, little(name.length, 2), "\0\0");
    const local = bytes("PK\x03\x04", fields, name, content);
    entries.push(bytes("PK\x01\x02", "\x14\0", fields, "\0".repeat(10), little(offset, 4), name));
    locals.push(local);
    offset += local.length;
  }
  const directory = bytes(...entries);
  const count = little(entries.length, 2);
  const end = bytes("PK\x05\x06\0\0\0\0", count, count, little(directory.length, 4), little(offset, 4), "\0\0");
  return bytes(...locals, directory, end);
}

/** A checkpoint of f32 tensors as torch.save writes it. */
export function checkpoint(tensors: Readonly<Record<string, { shape: readonly number[]; data: Float32Array }>>) {
  const files: Record<string, Uint8Array> = { "archive/version": bytes("3\n") };
  const entries = Object.entries(tensors).map(([name, { shape, data }], n) => {
    files[`archive/data/${n}`] = new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
    return [name, tensor({ key: String(n), shape })] as const;
  });
  return archive({ "archive/data.pkl": pickle(dictionary(Object.fromEntries(entries))), ...files });
}
