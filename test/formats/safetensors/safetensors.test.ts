import { expect, test } from "vitest";
import {
  checkEntries,
  openSafetensors,
  readSafetensors,
  type TensorToWrite,
  writeSafetensors,
} from "../../../src/formats/safetensors/index.ts";
import { type ByteSource, bytesSource } from "../../../src/formats/source/source.ts";

const weights = Float32Array.of(1, -2.5, 3.140000104904175, 0, -0, Number.POSITIVE_INFINITY);

test("what is written is read back, each dtype", async () => {
  const tensors: Record<string, TensorToWrite> = {
    "conv.weight": { shape: [2, 3], data: weights },
    half: { shape: [3], data: Float32Array.of(1, -2.5, 65504), dtype: "F16" },
    brain: { shape: [3, 1], data: Float32Array.of(1, -2.5, 2 ** 100), dtype: "BF16" },
    bits: { shape: [2], data: Uint16Array.of(0x3c00, 0x0001), dtype: "F16" },
    steps: { shape: [], data: BigInt64Array.of(-(2n ** 62n)) },
    labels: { shape: [4], data: Uint8Array.of(0, 1, 254, 255) },
    empty: { shape: [0, 4], data: new Float32Array(0) },
  };
  const { metadata, tensors: read } = await readSafetensors(writeSafetensors(tensors, { network: "msff", b: "é" }));
  expect({ ...metadata }).toEqual({ network: "msff", b: "é" });
  expect(Object.fromEntries(read)).toEqual({
    "conv.weight": { dtype: "F32", shape: [2, 3], data: weights },
    half: { dtype: "F16", shape: [3], data: Float32Array.of(1, -2.5, 65504) },
    brain: { dtype: "BF16", shape: [3, 1], data: Float32Array.of(1, -2.5, 2 ** 100) },
    bits: { dtype: "F16", shape: [2], data: Float32Array.of(1, 2 ** -24) },
    steps: { dtype: "I64", shape: [], data: BigInt64Array.of(-(2n ** 62n)) },
    labels: { dtype: "U8", shape: [4], data: Uint8Array.of(0, 1, 254, 255) },
    empty: { dtype: "F32", shape: [0, 4], data: new Float32Array(0) },
  });
});

test("a file that is read and written again keeps every byte", async () => {
  const file = writeSafetensors({
    a: { shape: [6], data: weights },
    b: { shape: [3], data: Float32Array.of(1, Number.NaN, -0), dtype: "F16" },
    c: { shape: [1], data: Float32Array.of(Number.NEGATIVE_INFINITY), dtype: "BF16" },
    d: { shape: [1], data: BigInt64Array.of(7n) },
  });
  const { tensors } = await readSafetensors(file);
  expect(writeSafetensors(tensors)).toEqual(file);
});

test("the layout is the reference implementation's: dtypes by alignment, then names by code point, header padded to 8", () => {
  const one = Float32Array.of(1);
  const file = writeSafetensors(
    new Map<string, TensorToWrite>([
      ["u", { shape: [1], data: Uint8Array.of(1) }],
      ["h", { shape: [1], data: one, dtype: "F16" }],
      ["g", { shape: [1], data: one, dtype: "BF16" }],
      ["\uffee", { shape: [1], data: one }],
      ["\u{1f600}", { shape: [1], data: one }],
      ["f", { shape: [1], data: one }],
      ["i", { shape: [1], data: BigInt64Array.of(1n) }],
    ]),
  );
  const length = Number(new DataView(file.buffer).getBigUint64(0, true));
  const header = new TextDecoder().decode(file.subarray(8, 8 + length));
  expect(length % 8).toBe(0);
  expect(header.trimEnd()).toBe(
    '{"i":{"dtype":"I64","shape":[1],"data_offsets":[0,8]},"f":{"dtype":"F32","shape":[1],"data_offsets":[8,12]},' +
      '"\uffee":{"dtype":"F32","shape":[1],"data_offsets":[12,16]},"\u{1f600}":{"dtype":"F32","shape":[1],"data_offsets":[16,20]},' +
      '"g":{"dtype":"BF16","shape":[1],"data_offsets":[20,22]},"h":{"dtype":"F16","shape":[1],"data_offsets":[22,24]},' +
      '"u":{"dtype":"U8","shape":[1],"data_offsets":[24,25]}}',
  );
  expect(header).toMatch(/\} {0,7}$/);
});

test("views into larger buffers are written where they lie", async () => {
  const { tensors } = await readSafetensors(
    writeSafetensors({
      a: { shape: [2], data: Float32Array.of(9, 1, 2, 9).subarray(1, 3) },
      b: { shape: [1], data: Uint16Array.of(9, 0x3c00, 9).subarray(1, 2), dtype: "BF16" },
    }),
  );
  expect(tensors.get("a")?.data).toEqual(Float32Array.of(1, 2));
  expect(tensors.get("b")?.data).toEqual(Float32Array.of(2 ** -7));
});

test("metadata is sorted, and absent where none was given", () => {
  const text = (file: Uint8Array) => new TextDecoder().decode(file.subarray(8)).trimEnd();
  expect(text(writeSafetensors({}, { b: "2", a: "1" }))).toBe('{"__metadata__":{"a":"1","b":"2"}}');
  expect(text(writeSafetensors({}, {}))).toBe('{"__metadata__":{}}');
  expect(text(writeSafetensors({}))).toBe("{}");
});

test("only what is asked for is read", async () => {
  const big = new Float32Array(100_000).fill(2);
  const bytes = writeSafetensors({ a: { shape: [100_000], data: big }, z: { shape: [6], data: weights } });
  let bytesRead = 0;
  const inner = bytesSource(bytes, "counted");
  const counted: ByteSource = {
    name: inner.name,
    size: inner.size,
    close: () => inner.close(),
    read: (offset, length) => {
      bytesRead += length;
      return inner.read(offset, length);
    },
  };
  const file = await openSafetensors(counted);
  const headerBytes = bytes.length - big.byteLength - weights.byteLength;
  expect(bytesRead).toBe(headerBytes);
  expect(await file.readF32("z")).toEqual(weights);
  expect(bytesRead).toBe(headerBytes + weights.byteLength);
});

test("tensors are found at odd places in a buffer, and in any order of the header", async () => {
  const header =
    '{"b":{"shape":[1],"data_offsets":[1,5],"dtype":"F32"}, "a" : {"dtype":"U8","shape":[1],"data_offsets":[0,1]}}\n';
  const bytes = new Uint8Array(3 + 8 + header.length + 5);
  const view = bytes.subarray(3);
  new DataView(bytes.buffer).setBigUint64(3, BigInt(header.length), true);
  view.set(new TextEncoder().encode(header), 8);
  view.set([9, 0, 0, 0x80, 0x3f], 8 + header.length);
  const file = await openSafetensors(view);
  expect([...file.entries.keys()]).toEqual(["a", "b"]);
  expect(file.entries.get("b")).toEqual({
    name: "b",
    dtype: "F32",
    shape: [1],
    offset: 9 + header.length,
    byteLength: 4,
  });
  expect(await file.readF32("b")).toEqual(Float32Array.of(1));
  expect(await file.readRaw("a")).toEqual(Uint8Array.of(9));
});

test.each<[string, (bytes: Uint8Array) => Uint8Array]>([
  ["arrays", (bytes) => bytes],
  ["Node's buffers", (bytes) => Buffer.from(bytes.buffer)],
])("a source that returns views of larger %s does not mislead", async (_, wrap) => {
  const bytes = wrap(writeSafetensors({ a: { shape: [6], data: weights } }));
  const source: ByteSource = {
    name: "views",
    size: bytes.length,
    read: async (offset, length) => bytes.subarray(offset, offset + length),
    close: async () => {},
  };
  expect(await (await openSafetensors(source)).readF32("a")).toEqual(weights);
});

test("U8 and I64 are read as F32 where each value is one", async () => {
  const bytes = writeSafetensors({
    u: { shape: [2], data: Uint8Array.of(0, 255) },
    i: { shape: [3], data: BigInt64Array.of(-3n, 2n ** 24n, -(2n ** 63n)) },
    j: { shape: [2], data: BigInt64Array.of(1n, 2n ** 24n + 1n) },
  });
  const file = await openSafetensors(bytesSource(bytes, "w.safetensors"));
  expect(await file.readF32("u")).toEqual(Float32Array.of(0, 255));
  expect(await file.readF32("i")).toEqual(Float32Array.of(-3, 2 ** 24, -(2 ** 63)));
  await expect(file.readF32("j")).rejects.toThrow(
    'w.safetensors: tensor "j": element 1 is no F32 number, got the I64 16777217',
  );
});

test("names that JavaScript objects treat specially are ordinary here", async () => {
  const names = ["__proto__", "constructor", "toString", "", 'q"\\\n\u0001'];
  const tensors = new Map(names.map((name, i) => [name, { shape: [1], data: Float32Array.of(i) }]));
  const metadata = Object.fromEntries([["__proto__", "p"]]);
  const read = await readSafetensors(writeSafetensors(tensors, metadata));
  for (const [i, name] of names.entries()) expect(read.tensors.get(name)?.data).toEqual(Float32Array.of(i));
  expect(Object.entries(read.metadata)).toEqual([["__proto__", "p"]]);
  expect(({} as Record<string, unknown>).dtype).toBeUndefined();
});

test("a tensor that is not there, and a closed file", async () => {
  const file = await openSafetensors(bytesSource(writeSafetensors({ a: { shape: [6], data: weights } }), "w"));
  await expect(file.readF32("b")).rejects.toThrow('w: no tensor "b", the file has 1 others');
  await file.close();
  await file.close();
  await expect(file.readF32("a")).rejects.toThrow("w: read after close");
});

test("the source is closed when the file turns out to be none", async () => {
  let closed = 0;
  const inner = bytesSource(new Uint8Array(4), "w");
  const source: ByteSource = { name: "w", size: 4, read: (o, n) => inner.read(o, n), close: async () => void closed++ };
  await expect(openSafetensors(source)).rejects.toThrow("w: too short");
  expect(closed).toBe(1);
});

test.each<[string, string, TensorToWrite, Record<string, string>?]>([
  ['tensor "a": shape and data disagree, got 24 bytes, expected 20 for F32 [5]', "a", { shape: [5], data: weights }],
  ['tensor "a": bad shape, got [2.4], expected integers from 0', "a", { shape: [2.4], data: weights }],
  ['tensor "a": bad shape, got [-1], expected integers from 0', "a", { shape: [-1], data: weights }],
  [
    'tensor "a": dtype is missing for 16-bit patterns, expected F16 or BF16',
    "a",
    { shape: [1], data: new Uint16Array(1) },
  ],
  ['tensor "a": I64 cannot store this data, got a Float32Array', "a", { shape: [6], data: weights, dtype: "I64" }],
  [
    'tensor "a": F32 cannot store this data, got a Uint16Array',
    "a",
    { shape: [1], data: new Uint16Array(2), dtype: "F32" },
  ],
  [
    'tensor "a": F16 cannot store this data, got a BigInt64Array',
    "a",
    { shape: [1], data: BigInt64Array.of(1n), dtype: "F16" },
  ],
  [
    'tensor "a": element 1 does not fit F16, got 65520',
    "a",
    { shape: [2], data: Float32Array.of(65519, 65520), dtype: "F16" },
  ],
  ['tensor "__metadata__": the name is reserved by the format', "__metadata__", { shape: [6], data: weights }],
  ['tensor name is no Unicode text, got "\\ud800"', "\ud800", { shape: [6], data: weights }],
  ['metadata "k" is no Unicode text, got "\\udc00"', "a", { shape: [6], data: weights }, { k: "\udc00" }],
])("writing refuses: %s", (message, name, tensor, metadata) => {
  expect(() => writeSafetensors({ [name]: tensor }, metadata)).toThrow(`safetensors: ${message}`);
});

test("weights that do not fit a network: all the differences at once", async () => {
  const one = { shape: [1], data: Float32Array.of(1) };
  const extra = Object.fromEntries(Array.from({ length: 10 }, (_, i) => [`x${i}`, one]));
  const file = await openSafetensors(bytesSource(writeSafetensors({ a: one, b: one, ...extra }), "w.safetensors"));
  const expected = new Map([
    ["a", [1]],
    ["b", [1, 1]],
    ["c", [3]],
  ]);
  expect(() => checkEntries(file, expected)).toThrow(
    'w.safetensors: does not fit the network: 1 missing ("c"); ' +
      '10 unexpected ("x0", "x1", "x2", "x3", "x4", "x5", "x6", "x7", and 2 more); ' +
      '1 misshapen ("b" got [1], expected [1, 1])',
  );
  expect(() => checkEntries(file, new Map([["a", [1]]]), { allowUnexpected: (name) => name !== "b" })).toThrow(
    'w.safetensors: does not fit the network: 1 unexpected ("b")',
  );
  checkEntries(file, new Map([["a", [1]]]), { allowUnexpected: () => true });
  checkEntries(file, new Map([["a", [1]]]), { allowUnused: true });
  expect(() => checkEntries(file, new Map([["c", [1]]]), { allowUnused: true })).toThrow(
    'w.safetensors: does not fit the network: 1 missing ("c"); 12 unexpected ("a", "b", "x0", ',
  );
});
