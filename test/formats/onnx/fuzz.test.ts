// Seeded damage to valid models: bytes flipped, fields dropped, doubled and moved, lengths and numbers inflated. Whatever comes, a
// file is imported or refused with a typed error, soon, and in memory that the file justifies.
//
//     ATROUS_FUZZ_ROUNDS=5000 npx vitest run test/formats/onnx/fuzz.test.ts
import { expect, test } from "vitest";
import { AtrousError } from "../../../src/errors.ts";
import { importOnnx } from "../../../src/formats/onnx/index.ts";
import { createRandom } from "../../support/random.ts";
import { buildModel, dataType, floats, ints } from "./build.ts";

const rounds = Number(process.env.ATROUS_FUZZ_ROUNDS ?? 600);
const longest = 600_000 + 100 * rounds;
const mostMs = 5000;
const mostBytes = (file: Uint8Array) => 10 * file.byteLength + 256 * 1024 * 1024;

const network = buildModel({
  inputs: { x: [1, 3, 16, "W"] },
  nodes: [
    { op: "Conv", name: "conv", inputs: ["x", "w", "b"], attributes: { auto_pad: "SAME_UPPER", strides: [2, 2] } },
    {
      op: "BatchNormalization",
      name: "bn",
      inputs: ["conv", "b", "b", "b", "b"],
      attributes: { epsilon: { float: 1e-5 } },
    },
    { op: "Clip", name: "clip", inputs: ["bn", "low", "high"] },
    {
      op: "MaxPool",
      name: "pool",
      inputs: ["clip"],
      attributes: { kernel_shape: [3, 3], strides: [2, 2], pads: [1, 1, 1, 1] },
    },
    { op: "Resize", name: "resize", inputs: ["pool", "", "scales"], attributes: { mode: "linear" } },
    { op: "Concat", name: "concat", inputs: ["resize", "clip"], attributes: { axis: 1 } },
    { op: "Softmax", name: "softmax", inputs: ["concat"], attributes: { axis: 1 } },
  ],
  initializers: [
    floats("w", [4, 3, 3, 3]),
    floats("b", [4], [1, 2, 3, 4]),
    { name: "low", dims: [], data_type: dataType.f32, float_data: [0] },
    { name: "high", dims: [], data_type: dataType.f32, float_data: [6] },
    floats("scales", [4], [1, 1, 2, 2]),
  ],
});

const shapes = buildModel({
  inputs: { x: [2, 3, 4, "W"] },
  nodes: [
    { op: "Shape", name: "shape", inputs: ["x"] },
    { op: "Slice", name: "tail", inputs: ["shape", "one", "end", "zero"] },
    { op: "Concat", name: "target", inputs: ["two", "tail"], attributes: { axis: 0 } },
    { op: "Cast", name: "cast", inputs: ["target"], attributes: { to: dataType.f32 } },
    { op: "Mul", name: "scaled", inputs: ["cast", "ones"] },
    { op: "Cast", name: "back", inputs: ["scaled"], attributes: { to: dataType.i64 } },
    { op: "Reshape", name: "view", inputs: ["x", "back"] },
    { op: "Transpose", name: "moved", inputs: ["view"], attributes: { perm: [0, 2, 3, 1] } },
    { op: "ConstantOfShape", name: "zeros", inputs: ["back"], attributes: { value: floats("", [1], [0.5]) } },
    { op: "Expand", name: "wide", inputs: ["view", "back"] },
    { op: "Range", name: "range", inputs: ["start", "limit", "delta"] },
    { op: "Gather", name: "gather", inputs: ["moved", "range"], attributes: { axis: 1 } },
    { op: "Split", name: "split", inputs: ["gather"], outputs: ["left", "right"], attributes: { axis: 2 } },
    { op: "Tile", name: "tile", inputs: ["left", "repeats"] },
  ],
  outputs: ["tile", "right", "wide"],
  initializers: [
    ints("zero", [0]),
    ints("one", [1]),
    ints("two", [2]),
    ints("end", [9223372036854776000]),
    ints("repeats", [1, 2, 1, 3]),
    floats("ones", [1], [1]),
    ...[0, 3, 1].map((value, i) => ({
      name: ["start", "limit", "delta"][i]!,
      dims: [],
      data_type: dataType.i64,
      int64_data: [value],
    })),
  ],
});

/** Patterns of several nodes, indices of pools, places of grids. */
const patterns = buildModel({
  inputs: { x: [1, 4, 8, "W"], places: [1, 3, 5, 2] },
  nodes: [
    {
      op: "MaxPool",
      name: "pool",
      inputs: ["x"],
      outputs: ["most", "where"],
      attributes: { kernel_shape: [2, 2], strides: [2, 2] },
    },
    { op: "Reshape", name: "grouped", inputs: ["most", "groups"] },
    { op: "InstanceNormalization", name: "norm", inputs: ["grouped", "ones", "zeros"] },
    { op: "Shape", name: "size", inputs: ["most"] },
    { op: "Reshape", name: "back", inputs: ["norm", "size"] },
    { op: "Mul", name: "scale", inputs: ["back", "w"] },
    { op: "Add", name: "shift", inputs: ["scale", "w"] },
    { op: "Div", name: "tenth", inputs: ["shift", "root"] },
    { op: "Erf", name: "erf", inputs: ["tenth"] },
    { op: "Add", name: "plus", inputs: ["erf", "one"] },
    { op: "Mul", name: "twice", inputs: ["shift", "plus"] },
    { op: "Mul", name: "gelu", inputs: ["twice", "half"] },
    {
      op: "MaxUnpool",
      name: "unpool",
      inputs: ["gelu", "where"],
      attributes: { kernel_shape: [2, 2], strides: [2, 2] },
    },
    { op: "GridSample", name: "sampled", inputs: ["unpool", "places"], attributes: { align_corners: 1 } },
    { op: "MatMul", name: "product", inputs: ["sampled", "matrix"] },
    { op: "Add", name: "linear", inputs: ["product", "bias"] },
    { op: "ReduceMean", name: "mean", inputs: ["linear", "last"] },
    { op: "Sub", name: "centred", inputs: ["linear", "mean"] },
    { op: "Pow", name: "squares", inputs: ["centred", "two"] },
    { op: "ReduceMean", name: "variance", inputs: ["squares", "last"] },
    { op: "Add", name: "shifted", inputs: ["variance", "half"] },
    { op: "Sqrt", name: "deviation", inputs: ["shifted"] },
    { op: "Div", name: "standard", inputs: ["centred", "deviation"] },
    { op: "GatherElements", name: "chosen", inputs: ["standard", "index"], attributes: { axis: 3 } },
    { op: "Trilu", name: "y", inputs: ["chosen", "k"], attributes: { upper: 0 } },
  ],
  initializers: [
    ints("groups", [0, 2, -1]),
    floats("ones", [2], [1, 1]),
    floats("zeros", [2], [0, 0]),
    floats("w", [4, 1, 1]),
    floats("matrix", [5, 6]),
    floats("bias", [6]),
    ...Object.entries({ root: Math.SQRT2, one: 1, half: 0.5, two: 2 }).map(([name, value]) =>
      floats(name, [], [value]),
    ),
    ints("last", [-1]),
    {
      name: "index",
      dims: [1, 4, 3, 2],
      data_type: dataType.i64,
      int64_data: Array.from({ length: 24 }, (_, i) => i % 6),
    },
    { name: "k", dims: [], data_type: dataType.i64, int64_data: [1] },
  ],
});

const models = [network, shapes, patterns];
const options = { dimensions: { W: 20 } };

test(
  `${rounds} damaged models are imported, or refused with a typed error`,
  async () => {
    for (const model of models) await importOnnx(model, options);
    const random = createRandom(11);
    const counts = new Map<string, number>();
    for (let round = 0; round < rounds; round++) {
      const file = damage(models[round % models.length]!, random);
      const started = performance.now();
      const before = usedBytes();
      const outcome = await attempt(file);
      const [ms, grown] = [performance.now() - started, usedBytes() - before];
      if (ms > mostMs || grown > mostBytes(file)) {
        throw new Error(
          `round ${round}: ${file.byteLength} bytes took ${ms.toFixed(0)} ms and ${grown} bytes: ${outcome}`,
        );
      }
      if (outcome.startsWith("bug")) throw new Error(`round ${round}: ${outcome}`);
      counts.set(outcome, (counts.get(outcome) ?? 0) + 1);
    }
    console.log(`damaged ONNX models: ${[...counts].map(([outcome, count]) => `${outcome} ${count}`).join(", ")}`);
    for (const outcome of ["imported", "FormatError", "UnsupportedError"]) {
      expect(counts.get(outcome), outcome).toBeGreaterThan(rounds / 50);
    }
  },
  longest,
);

/** Imports a model and reads its weights. */
async function attempt(file: Uint8Array): Promise<string> {
  try {
    const model = await importOnnx(file, options);
    for (const { name } of model.graph.parameters) await model.weights.readF32(name);
    return "imported";
  } catch (error) {
    if (error instanceof AtrousError && !(error.message.length > 20_000)) return error.name;
    return `bug: ${error instanceof Error ? error.stack : String(error)}`;
  }
}

function usedBytes(): number {
  const { heapUsed, external, arrayBuffers } = process.memoryUsage();
  return heapUsed + external + arrayBuffers;
}

function damage(good: Uint8Array, random: () => number): Uint8Array {
  let bytes = good;
  const edits = 1 + Math.floor(random() * random() * 3);
  for (let i = 0; i < edits && bytes.length > 0; i++) {
    bytes = random() < 0.2 ? damageBytes(bytes, random) : damageField(bytes, random);
  }
  return bytes;
}

function damageBytes(good: Uint8Array, random: () => number): Uint8Array {
  const pick = (count: number) => Math.floor(random() * count);
  const bytes = [...good];
  const at = pick(bytes.length);
  const kind = pick(5);
  if (kind === 0) bytes[at]! ^= 1 << pick(8);
  else if (kind === 1) bytes[at] = pick(256);
  else if (kind === 2) bytes.splice(at, 1 + pick(8));
  else if (kind === 3) bytes.splice(at, 0, ...Array.from({ length: 1 + pick(10) }, () => 255));
  else return good.slice(0, at);
  return Uint8Array.from(bytes);
}

interface Field {
  readonly start: number;
  readonly contents: number;
  readonly end: number;
  readonly wireType: number;
}

/** Changes one field, at any depth, and mends the lengths around it, so that what is inside is read. */
function damageField(bytes: Uint8Array, random: () => number): Uint8Array {
  const at = Math.floor(random() * bytes.length);
  const field = fieldsOf(bytes)?.find(({ end }) => at < end);
  // What is no message is text, or numbers on end.
  if (!field) return random() < 0.5 ? damageBytes(bytes, random) : join(varint(anyNumber(random)), bytes.subarray(1));
  const whole = bytes.subarray(field.start, field.end);
  const tag = bytes[field.start]!;
  if (field.wireType === 2 && field.end > field.contents && random() < 0.8) {
    const inner = damageField(bytes.subarray(field.contents, field.end), random);
    return replace(bytes, field, join([tag], varint(inner.length), inner));
  }
  if (field.wireType === 0 && random() < 0.8) return replace(bytes, field, join([tag], varint(anyNumber(random))));
  const kind = Math.floor(random() * 4);
  if (kind === 0) return replace(bytes, field, new Uint8Array(0));
  if (kind === 1) return replace(bytes, field, join(whole, whole));
  if (kind === 2) return replace(bytes, field, join(...Array.from({ length: 500 }, () => whole)));
  // A length that is a lie.
  const length = varint(Math.abs(anyNumber(random)));
  return replace(bytes, field, join([tag], length, bytes.subarray(field.contents, field.end)));
}

/** Of any size. */
function anyNumber(random: () => number): number {
  return Math.floor(2 ** (random() * 53)) * (random() < 0.9 ? 1 : -1);
}

/** Undefined for bytes that are no message. */
function fieldsOf(bytes: Uint8Array): Field[] | undefined {
  const fields: Field[] = [];
  let at = 0;
  while (at < bytes.length) {
    const start = at;
    const wireType = bytes[at++]! & 7;
    let [value, shift] = [0, 1];
    if (wireType === 0 || wireType === 2) {
      while (at < bytes.length && bytes[at]! >= 128) {
        value += (bytes[at++]! & 127) * shift;
        shift *= 128;
      }
      value += (bytes[at++] ?? 0) * shift;
    }
    const contents = at;
    if (wireType === 2) at += value;
    else if (wireType === 5) at += 4;
    else if (wireType === 1) at += 8;
    else if (wireType !== 0) return undefined;
    if (at > bytes.length) return undefined;
    fields.push({ start, contents, end: at, wireType });
  }
  return fields;
}

function replace(bytes: Uint8Array, { start, end }: Field, by: Uint8Array): Uint8Array {
  return join(bytes.subarray(0, start), by, bytes.subarray(end));
}

function join(...parts: readonly ArrayLike<number>[]): Uint8Array {
  const whole = new Uint8Array(parts.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}

function varint(value: number): number[] {
  let rest = BigInt.asUintN(64, BigInt(value));
  const bytes: number[] = [];
  while (rest >= 128n) {
    bytes.push(Number(rest & 127n) | 128);
    rest >>= 7n;
  }
  return [...bytes, Number(rest)];
}
