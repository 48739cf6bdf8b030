import { expect, test } from "vitest";
import { FormatError } from "../../../src/errors.ts";
import { openSafetensors } from "../../../src/formats/safetensors/index.ts";
import { type ByteSource, bytesSource } from "../../../src/formats/source/source.ts";

/** A file from the text of its header and a number of bytes after it. */
function build(header: string | Uint8Array, dataBytes = 0, length?: bigint): Uint8Array {
  const text = typeof header === "string" ? new TextEncoder().encode(header) : header;
  const bytes = new Uint8Array(8 + text.length + dataBytes);
  new DataView(bytes.buffer).setBigUint64(0, length ?? BigInt(text.length), true);
  bytes.set(text, 8);
  return bytes;
}

const one = (dtype: string, shape: string, offsets: string) =>
  `{"a":{"dtype":${dtype},"shape":${shape},"data_offsets":${offsets}}}`;
const two = (first: string, second: string) =>
  `{"a":{"dtype":"U8","shape":[4],"data_offsets":${first}},"b":{"dtype":"U8","shape":[4],"data_offsets":${second}}}`;
const long = "n".repeat(200);

const malformed: readonly [string, Uint8Array, string][] = [
  ["no byte", new Uint8Array(0), "too short for safetensors, got 0 bytes, expected at least 8"],
  ["half a length", new Uint8Array(7), "too short for safetensors, got 7 bytes, expected at least 8"],
  [
    "a zip file",
    new TextEncoder().encode("PK\u0003\u0004 a zip archive"),
    "is a zip archive, as PyTorch's .pt and .pth files are, expected a model file: make safetensors of a checkpoint with `atrous convert`, or export the network to ONNX",
  ],
  [
    "a length above the cap",
    build("{}", 0, 100_000_001n),
    "not a safetensors file, got a header of 100000001 bytes, expected at most 100000000",
  ],
  [
    "the largest length",
    build("{}", 0, 2n ** 64n - 1n),
    "not a safetensors file, got a header of 18446744073709551615 bytes, expected at most 100000000",
  ],
  [
    "a length beyond the file",
    build("{}", 0, 3n),
    "header leaves the file, got a length of 3 bytes, expected at most the 2 that follow it",
  ],
  ["no header", build(""), 'header is malformed, got its end at character 0, expected "{" first'],
  ["a space first", build(" {}"), 'header is malformed, got " " at character 0, expected "{" first'],
  ["a byte order mark", build("\ufeff{}"), 'header is malformed, got "\ufeff" at character 0, expected "{" first'],
  ["an array", build("[]"), 'header is malformed, got "[" at character 0, expected "{" first'],
  ["bytes that are no UTF-8", build(Uint8Array.of(0x7b, 0xff, 0x7d)), "header is not UTF-8 text"],
  ["an open object", build("{"), "header is malformed, got its end at character 1, expected a string"],
  ["an open string", build('{"a'), "header is malformed, got its end at character 3, expected the end of a string"],
  [
    "an escape at the end",
    build('{"a\\'),
    "header is malformed, got its end at character 4, expected the end of a string",
  ],
  [
    "a line break in a name",
    build('{"a\n":1}'),
    'header is malformed, got "\\n" at character 3, expected the end of a string',
  ],
  ["an unknown escape", build('{"\\x":1}'), 'header has a string with a bad escape, got "\\"\\\\x\\""'],
  ["half a surrogate pair", build('{"\\ud800":1}'), 'header has a string with a bad escape, got "\\"\\\\ud800\\""'],
  [
    "text after the object",
    build("{}x"),
    'header is malformed, got "x" at character 2, expected nothing but spaces after the header\'s object',
  ],
  [
    "NUL padding",
    build("{}\0"),
    'header is malformed, got "\\u0000" at character 2, expected nothing but spaces after the header\'s object',
  ],
  [
    "a trailing comma",
    build('{"__metadata__":{},}'),
    'header is malformed, got "}" at character 19, expected a string',
  ],
  ["no colon", build('{"a" 1}'), 'header is malformed, got "1" at character 5, expected ":"'],
  ["a tensor that is a number", build('{"a":1}'), 'header is malformed, got "1" at character 5, expected "{"'],
  [
    "metadata that is null",
    build('{"__metadata__":null}'),
    'header is malformed, got "n" at character 16, expected "{"',
  ],
  [
    "metadata with a number",
    build('{"__metadata__":{"k":1}}'),
    'header is malformed, got "1" at character 21, expected a string',
  ],
  ["metadata twice", build('{"__metadata__":{},"__metadata__":{}}'), 'header: the name "__metadata__" stands twice'],
  ["a metadata key twice", build('{"__metadata__":{"k":"1","k":"2"}}'), '__metadata__: the name "k" stands twice'],
  [
    "a tensor twice, once escaped",
    build(two("[0,4]", "[4,8]").replace('"b"', '"\\u0061"'), 8),
    'header: the name "a" stands twice',
  ],
  ["a field twice", build('{"a":{"dtype":"U8","dtype":"U8"}}'), 'tensor "a": the name "dtype" stands twice'],
  [
    "a field of another format",
    build('{"a":{"offset":0}}'),
    'tensor "a": unknown field, got "offset", expected dtype, shape, data_offsets',
  ],
  ["no dtype", build('{"a":{"shape":[],"data_offsets":[0,1]}}', 1), 'tensor "a": dtype is missing'],
  ["no shape", build('{"a":{"dtype":"U8","data_offsets":[0,1]}}', 1), 'tensor "a": shape is missing'],
  ["no data_offsets", build('{"a":{"dtype":"U8","shape":[]}}', 1), 'tensor "a": data_offsets is missing'],
  ["one offset", build(one('"U8"', "[]", "[0]"), 1), 'tensor "a": data_offsets, got 1 numbers, expected 2'],
  [
    "three offsets",
    build(one('"U8"', "[]", "[0,1,2]"), 1),
    'tensor "a": data_offsets, got more than 2 numbers, expected at most 2',
  ],
  [
    "a dtype of the format that is not supported",
    build(one('"F8_E4M3"', "[1]", "[0,8]"), 8),
    'tensor "a": unsupported dtype, got "F8_E4M3", expected one of F32, F16, BF16, I64, U8, I32, U32, I16, U16, I8, BOOL, F64',
  ],
  [
    "a dtype that objects inherit",
    build(one('"toString"', "[1]", "[0,8]"), 8),
    'tensor "a": unsupported dtype, got "toString", expected one of F32, F16, BF16, I64, U8, I32, U32, I16, U16, I8, BOOL, F64',
  ],
  [
    "a negative size",
    build(one('"U8"', "[-1]", "[0,1]"), 1),
    'tensor "a": shape, got "-1", expected an integer from 0 to 2^53 - 1',
  ],
  [
    "a fractional size",
    build(one('"U8"', "[1.0]", "[0,1]"), 1),
    'tensor "a": shape, got "1.0", expected an integer from 0 to 2^53 - 1',
  ],
  [
    "an exponent",
    build(one('"U8"', "[1e0]", "[0,1]"), 1),
    'tensor "a": shape, got "1e0", expected an integer from 0 to 2^53 - 1',
  ],
  [
    "a leading zero",
    build(one('"U8"', "[01]", "[0,1]"), 1),
    'tensor "a": shape, got "01", expected an integer from 0 to 2^53 - 1',
  ],
  [
    "a size of 2^53",
    build(one('"U8"', "[9007199254740992]", "[0,1]"), 1),
    'tensor "a": shape, got "9007199254740992", expected an integer from 0 to 2^53 - 1',
  ],
  [
    "nested sizes",
    build(one('"U8"', "[[1]]", "[0,1]"), 1),
    'tensor "a": shape, got "[1", expected an integer from 0 to 2^53 - 1',
  ],
  [
    "a comma in front",
    build(one('"U8"', "[,1]", "[0,1]"), 1),
    'tensor "a": shape, got nothing, expected an integer from 0 to 2^53 - 1',
  ],
  [
    "sizes without a comma",
    build(one('"U8"', "[1 1]", "[0,1]"), 1),
    'header is malformed, got "1" at character 30, expected "," or "]"',
  ],
  [
    "65 axes",
    build(one('"U8"', `[${Array(65).fill(1)}]`, "[0,1]"), 1),
    'tensor "a": shape, got more than 64 numbers, expected at most 64',
  ],
  [
    "a product beyond 2^53",
    build(one('"U8"', "[94906266,94906267]", "[0,0]")),
    'tensor "a": too many elements, got shape [94906266, 94906267], expected fewer than 2^53',
  ],
  [
    "a product beyond 2^53, then zero",
    build(one('"U8"', "[94906266,94906267,0]", "[0,0]")),
    'tensor "a": too many elements, got shape [94906266, 94906267, 0], expected fewer than 2^53',
  ],
  [
    "a product that wraps to 0 in 64 bits",
    build(one('"F32"', "[4294967296,1073741824]", "[0,0]")),
    'tensor "a": too many elements, got shape [4294967296, 1073741824], expected fewer than 2^53',
  ],
  [
    "fewer bytes than the shape takes",
    build(one('"F32"', "[2,3]", "[0,20]"), 20),
    'tensor "a": shape and bytes disagree, got 20 bytes, expected 24 for F32 [2, 3]',
  ],
  [
    "more bytes than the shape takes",
    build(one('"F16"', "[]", "[0,4]"), 4),
    'tensor "a": shape and bytes disagree, got 4 bytes, expected 2 for F16 []',
  ],
  [
    "bytes for an empty tensor",
    build(one('"F32"', "[0]", "[0,4]"), 4),
    'tensor "a": shape and bytes disagree, got 4 bytes, expected 0 for F32 [0]',
  ],
  [
    "an end before the beginning",
    build(one('"U8"', "[1]", "[1,0]"), 1),
    'tensor "a": ends before it begins, got data_offsets [1, 0]',
  ],
  [
    "an end beyond the file",
    build(one('"U8"', "[9]", "[0,9]"), 8),
    'tensor "a": leaves the file, got last byte 9, expected at most 8',
  ],
  [
    "a terabyte that is not there",
    build(one('"U8"', "[1099511627776]", "[0,1099511627776]"), 8),
    'tensor "a": leaves the file, got last byte 1099511627776, expected at most 8',
  ],
  [
    "a gap in front",
    build(one('"U8"', "[4]", "[4,8]"), 8),
    'tensor "a" leaves a gap after the header, got first byte 4, expected 0',
  ],
  [
    "a gap between",
    build(two("[0,4]", "[5,9]"), 9),
    'tensor "b" leaves a gap after tensor "a", got first byte 5, expected 4',
  ],
  ["an overlap", build(two("[0,4]", "[3,7]"), 7), 'tensor "b" overlaps tensor "a", got first byte 3, expected 4'],
  [
    "two tensors in one place",
    build(two("[0,4]", "[0,4]"), 4),
    'tensor "b" overlaps tensor "a", got first byte 0, expected 4',
  ],
  [
    "bytes left over",
    build(two("[0,4]", "[4,8]"), 9),
    "bytes that belong to no tensor, got 9 after the header, expected 8",
  ],
  ["bytes without a tensor", build("{}", 1), "bytes that belong to no tensor, got 1 after the header, expected 0"],
  ["a long name is cut", build(`{"${long}":{}}`), `tensor "${"n".repeat(120)}...": dtype is missing`],
];

test.each(malformed)("refuses %s", async (_, bytes, message) => {
  const error = await openSafetensors(bytesSource(bytes, "w.safetensors")).catch((thrown: unknown) => thrown);
  expect(error).toBeInstanceOf(FormatError);
  expect((error as Error).message).toBe(`w.safetensors: ${message}`);
  expect((error as Error).message).not.toContain("\n");
});

test("the headers that these tests damage are good before", async () => {
  await openSafetensors(build(one('"U8"', "[1]", "[0,1]"), 1));
  await openSafetensors(build(two("[0,4]", "[4,8]"), 8));
  await openSafetensors(build(`${two("[4,8]", "[0,4]")} \n`, 8));
  const emptyBehind = '"e":{"dtype":"U8","shape":[0],"data_offsets":[0,0]}}';
  await openSafetensors(build(one('"U8"', "[1]", "[0,1]").replace(/}$/, `,${emptyBehind}`), 1));
});

test("a header is asked for only once its length is known to be in the file", async () => {
  const lengths: number[] = [];
  const inner = bytesSource(build("{}", 0, 99_999_999n), "w");
  const source: ByteSource = {
    name: "w",
    size: inner.size,
    close: async () => {},
    read: (offset, length) => {
      lengths.push(length);
      return inner.read(offset, length);
    },
  };
  await expect(openSafetensors(source)).rejects.toThrow("header leaves the file");
  // The second one looks at what else the file may be.
  expect(lengths).toEqual([8, 10]);
});

test.each([
  ["nested arrays", `{"a":{"shape":${"[".repeat(4_000_000)}`],
  ["nested objects", '{"a":'.repeat(1_000_000)],
  ["a shape without end", `{"a":{"shape":[${"0,".repeat(2_000_000)}`],
  ["a name without end", `{"${"\\n".repeat(2_000_000)}`],
])("megabytes of %s are refused quickly", async (_, header) => {
  const before = performance.now();
  await expect(openSafetensors(build(header))).rejects.toThrow(FormatError);
  expect(performance.now() - before).toBeLessThan(10_000);
});
