// ONNX models on the command line, and through loadModel.
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { UsageError } from "../../src/errors.ts";
import { readSafetensors, writeSafetensors } from "../../src/formats/safetensors/index.ts";
import type { Gpu } from "../../src/gpu/gpu.ts";
import { loadModel } from "../../src/models/load.ts";
import { buildModel, dataType, floats } from "../formats/onnx/build.ts";
import { openTestGpu } from "../support/gpu.ts";
import { atrous, testFolder } from "./command.ts";

const folder = testFolder();
const file = (name: string) => join(folder, name);

/** A 1x1 convolution that doubles, plus a shift that is given as an input, in a shape that is given too. */
const network = {
  inputs: { image: ["N", 1, "H", "W"], shift: [1], size: [3] },
  types: { size: dataType.i64 },
  nodes: [
    { op: "Conv", name: "double", inputs: ["image", "w"] },
    { op: "Add", name: "sum", inputs: ["double", "shift"] },
    { op: "Reshape", name: "flat", inputs: ["sum", "size"] },
  ],
  initializers: [floats("w", [1, 1, 1, 1], [2])],
};

beforeAll(() => {
  writeFileSync(
    file("relu.onnx"),
    buildModel({ inputs: { x: ["N", 3, "H", "W"] }, nodes: [{ op: "Relu", inputs: ["x"] }] }),
  );
  writeFileSync(file("network.onnx"), buildModel(network));
  const wishes = [
    { op: "Relu", name: "first", inputs: ["x"] },
    { op: "Wish", name: "second", inputs: ["first"] },
  ];
  writeFileSync(file("wish.onnx"), buildModel({ nodes: wishes }));
  const inputs = {
    image: { shape: [1, 1, 2, 2], data: Float32Array.of(1, 2, 3, 4) },
    shift: { shape: [1], data: Float32Array.of(0.5) },
    size: { shape: [3], data: BigInt64Array.of(1n, 4n, 1n) },
  };
  writeFileSync(file("inputs.safetensors"), writeSafetensors(inputs));
  writeFileSync(file("other.safetensors"), writeSafetensors({ y: inputs.image }));
});

test("inspect shows the layers of a model; shapes come from the command line", async () => {
  const { code, stdout } = await atrous("inspect", file("relu.onnx"), "--shape", "2,3,16,24");
  expect(code).toBe(0);
  expect(stdout).toMatch(/format +ONNX, operator set 20, by test/);
  expect(stdout).toMatch(/inputs +x \[2, 3, 16, 24\]/);
  expect(stdout).toMatch(/Relu +relu\/strided +2x3x16x24/);
  const named = await atrous("inspect", file("relu.onnx"), "--shape", "x=1,3,8,8", "--json");
  expect(JSON.parse(named.stdout)).toMatchObject({ format: "onnx", opset: 20, inputs: { x: [1, 3, 8, 8] } });
});

test("inspect marks what cannot be imported, and ends with 1", async () => {
  const { code, stdout, stderr } = await atrous("inspect", file("wish.onnx"));
  expect(code).toBe(1);
  expect(stdout).toMatch(/first +Relu +1x3x8x8 *\n/);
  expect(stdout).toMatch(/second +Wish +\? +UNSUPPORTED: no such operator here/);
  expect(stderr).toMatch(
    /^atrous: .*wish\.onnx: 1 of 2 nodes cannot be imported: second \(Wish\): no such operator here\n$/,
  );
  const json = await atrous("inspect", file("wish.onnx"), "--json");
  expect(json.code).toBe(1);
  expect(JSON.parse(json.stdout).nodes[1]).toMatchObject({
    name: "second",
    operator: "Wish",
    reason: "no such operator here",
  });
});

test("run takes inputs by their names: floats for the run, integers into the graph", async () => {
  const [input, output] = [file("inputs.safetensors"), file("outputs.safetensors")];
  const { code, stdout, stderr } = await atrous("run", file("network.onnx"), "--input", input, "--output", output);
  expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
  expect(stdout).toMatch(/output +flat \[1, 4, 1\] in\s+\//);
  const { tensors } = await readSafetensors(readFileSync(output));
  expect(tensors.get("flat")).toMatchObject({ shape: [1, 4, 1], data: Float32Array.of(2.5, 4.5, 6.5, 8.5) });
});

test("a tuning of an ONNX model is taken by run", async () => {
  const weights = [floats("w", [8, 8, 3, 3]), { ...floats("h", [8, 8, 1, 1]), data_type: dataType.f16 }];
  const half = { ...weights[1]!, raw_data: new Uint8Array(128).fill(0x2c) };
  const nodes = [
    { op: "Conv", name: "first", inputs: ["x", "w"] },
    { op: "Conv", name: "second", inputs: ["first", "h"] },
  ];
  const model = buildModel({ inputs: { x: ["N", 8, "H", "W"] }, nodes, initializers: [weights[0]!, half] });
  writeFileSync(file("conv.onnx"), model);
  const x = { shape: [1, 8, 12, 12], data: new Float32Array(1152).fill(0.5) };
  writeFileSync(file("conv-in.safetensors"), writeSafetensors({ x }));
  const shape = ["--shape", "x=1,8,12,12"];
  const tuned = await atrous("tune", file("conv.onnx"), ...shape, "--rounds", "1", "-o", file("conv.json"), "--json");
  expect(tuned.code, tuned.stderr).toBe(0);
  const { candidates } = JSON.parse(tuned.stdout);
  expect(candidates.map(({ node }: { node: string }) => node)).toEqual(expect.arrayContaining(["first", "second"]));
  const paths = ["--input", file("conv-in.safetensors"), "--output", file("conv-out.safetensors")];
  const { code, stderr } = await atrous("run", file("conv.onnx"), ...paths, "--tuning", file("conv.json"));
  expect(code, stderr).toBe(0);
  expect(stderr).not.toContain("does not know");
});

test("parity with ONNX Runtime writes the table, JSON and JUnit", async () => {
  const [json, junit] = [file("parity.json"), file("parity.xml")];
  const against = ["--reference", "onnxruntime", "--input", file("inputs.safetensors")];
  const { code, stdout, stderr } = await atrous(
    "parity",
    file("network.onnx"),
    ...against,
    "--json",
    json,
    "--junit",
    junit,
  );
  expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
  expect(stdout).toMatch(/^double \(Conv\) +1x1x2x2/m);
  expect(stdout).toMatch(/^PASSED: 3 layers and the outputs are within 1e-5$/m);
  expect(JSON.parse(readFileSync(json, "utf8"))[0]).toMatchObject({ layers: 3, skipped: 0, passed: true });
  expect(readFileSync(junit, "utf8")).toContain('name="flat (output)"');
  const random = await atrous("parity", file("relu.onnx"), "--reference", "onnxruntime", "--shape", "1,3,8,8");
  expect(random.stdout).toContain("PASSED: 1 layers");
});

test("parity says which layer broke, how far it is off, and that what was before it is good", async () => {
  // Sums that cancel: what is left of them is rounding, which no two engines share.
  const cancelling = Array.from({ length: 2 * 64 }, (_, i) => (i % 64 < 32 ? 1000 : -1000) * (1 + (i % 32) / 7e7));
  const broken = {
    inputs: { x: [1, 32, 4, 4] },
    nodes: [
      { op: "Relu", name: "first", inputs: ["x"] },
      { op: "Concat", name: "twice", inputs: ["first", "first"], attributes: { axis: 1 } },
      { op: "Conv", name: "middle", inputs: ["twice", "w"] },
      { op: "Sigmoid", name: "last", inputs: ["middle"] },
    ],
    initializers: [floats("w", [2, 64, 1, 1], cancelling)],
  };
  writeFileSync(file("broken.onnx"), buildModel(broken));
  const { code, stdout } = await atrous("parity", file("broken.onnx"), "--reference", "onnxruntime");
  expect(code).toBe(1);
  const verdict = stdout.slice(stdout.indexOf("FAILED")).trimEnd().split("\n");
  expect(verdict).toEqual([
    "FAILED: the first layer that diverges is middle (Conv)",
    expect.stringMatching(/^ {2}its relative L2 is \d\S*, the limit 1e-5; the largest before it is 0, first \(Relu\)$/),
    expect.stringMatching(/^ {2}off are [12] of 4 layers, [01] of 1 outputs$/),
  ]);
  expect(stdout).toMatch(/^first \(Relu\) .* ok$/m);
  expect(stdout).toMatch(/^middle \(Conv\) .* OFF$/m);
});

const wrong: readonly [string, string[], RegExp][] = [
  ["an open size", ["inspect", "relu.onnx"], /relu\.onnx: input "x": shape \[N, 3, H, W\] has open sizes, expected/],
  [
    "a shape that does not fit",
    ["inspect", "relu.onnx", "--shape", "1,4,8,8"],
    /got shape \[1, 4, 8, 8\], expected \[N, 3, H, W\]/,
  ],
  ["a name that is no input", ["inspect", "relu.onnx", "--shape", "y=1,3,8,8"], /unknown input "y", expected x/],
  ["no sizes", ["inspect", "relu.onnx", "--shape", "x=1,a"], /Expected sizes, as 1,3,512,512, or INPUT=1,3,512,512/],
  [
    "inputs of other names",
    ["run", "relu.onnx", "--input", "other.safetensors", "--output", "o.safetensors"],
    /unknown input "y"/,
  ],
  [
    "parity with shapes and inputs",
    ["parity", "relu.onnx", "--reference", "onnxruntime", "--shape", "1,3,8,8", "--input", "inputs.safetensors"],
    /--shape: the tensors of --input have shapes/,
  ],
  [
    "parity without an engine",
    ["parity", "relu.onnx", "--reference", "other.safetensors"],
    /relu\.onnx: is an ONNX model/,
  ],
];

test.each(wrong)("a clear error: %s", async (_, argv, message) => {
  const { code, stderr } = await atrous(
    ...argv.map((word) => (/\.(onnx|safetensors|json)$/.test(word) ? file(word) : word)),
  );
  expect(code).toBe(2);
  expect(stderr).toMatch(message);
  expect(stderr.trimEnd().split("\n").length).toBe(1);
});

let gpu: Gpu | undefined;
afterAll(() => gpu?.dispose());

test("loadModel takes ONNX models by path and as bytes", async () => {
  gpu = await openTestGpu();
  const image = { shape: [1, 3, 1, 2], data: Float32Array.of(1, -1, 2, -2, 3, -3) };
  for (const origin of [file("relu.onnx"), readFileSync(file("relu.onnx"))]) {
    const model = await loadModel(gpu, origin, { shape: image.shape });
    const { Relu } = await model.run({ x: image });
    expect(Relu?.data).toEqual(Float32Array.of(1, 0, 2, 0, 3, 0));
    await model.dispose();
  }
  await expect(loadModel(gpu, file("relu.onnx"), { outputs: ["logits"] })).rejects.toThrow(UsageError);
});

/** A safetensors file of F32 `x` and another tensor of any type. */
function typedInputs(dtype: string, bytes: Uint8Array, count: number): Uint8Array {
  const header = {
    x: { dtype: "F32", shape: [count], data_offsets: [0, 4 * count] },
    i: { dtype, shape: [count], data_offsets: [4 * count, 4 * count + bytes.length] },
  };
  const text = new TextEncoder().encode(JSON.stringify(header));
  const padded = Math.ceil(text.length / 8) * 8;
  const file = new Uint8Array(8 + padded + 4 * count + bytes.length).fill(32, 8, 8 + padded);
  new DataView(file.buffer).setBigUint64(0, BigInt(padded), true);
  file.set(text, 8);
  file.set(bytes, 8 + padded + 4 * count);
  return file;
}

type NumberArray = Int32Array | Int8Array | Uint16Array | Uint32Array | Float64Array;

const typed: readonly (readonly [string, number, NumberArray])[] = [
  ["I32", dataType.i32, Int32Array.of(-1, 16_777_217)],
  ["I8", dataType.i8, Int8Array.of(-1, 127)],
  ["U16", dataType.u16, Uint16Array.of(1, 65_535)],
  ["U32", dataType.i64, Uint32Array.of(1, 16_777_217)],
  ["F64", dataType.f32, Float64Array.of(-0.5, 3)],
  ["F64", dataType.i32, Float64Array.of(-5, 3)],
  ["F16", dataType.f32, Uint16Array.of(0x3c00, 0xc000)],
  ["BF16", dataType.f32, Uint16Array.of(0x3f80, 0xc000)],
];
const read: Readonly<Record<string, readonly number[]>> = { F16: [1, -2], BF16: [1, -2] };

test.each(typed)("run takes inputs of %s for element type %i", async (dtype, type, values) => {
  const model = buildModel({
    inputs: { x: [2], i: [2] },
    types: { i: type },
    nodes: [
      { op: "Identity", name: "same", inputs: ["i"] },
      { op: "Neg", name: "y", inputs: ["x"] },
    ],
    outputs: ["same", "y"],
  });
  writeFileSync(file("typed.onnx"), model);
  const bytes = new Uint8Array(values.buffer);
  writeFileSync(file("typed.safetensors"), typedInputs(dtype, bytes, 2));
  const output = file(`typed-${dtype}-${type}.safetensors`);
  const { code, stderr } = await atrous(
    "run",
    file("typed.onnx"),
    "--input",
    file("typed.safetensors"),
    "--output",
    output,
  );
  expect(stderr).not.toContain("error");
  expect(code).toBe(0);
  const { tensors } = await readSafetensors(output);
  const got = Array.from<number | bigint, number>(tensors.get("same")!.data, Number);
  expect(got).toEqual(read[dtype] ?? Array.from(values));
});

test("run takes masks, and refuses numbers that the model's type has not", async () => {
  const where = { op: "Where", name: "y", inputs: ["i", "x", "x"] };
  writeFileSync(
    file("mask.onnx"),
    buildModel({ inputs: { x: [2], i: [2] }, types: { i: dataType.bool }, nodes: [where] }),
  );
  writeFileSync(file("mask.safetensors"), typedInputs("BOOL", Uint8Array.of(1, 0), 2));
  const run = (model: string, input: string) =>
    atrous("run", file(model), "--input", file(input), "--output", file("mask-out.safetensors"));
  expect((await run("mask.onnx", "mask.safetensors")).code).toBe(0);
  const add = { op: "Add", name: "y", inputs: ["i", "x"] };
  writeFileSync(file("float.onnx"), buildModel({ inputs: { x: [2], i: [2] }, nodes: [add] }));
  writeFileSync(file("wide.safetensors"), typedInputs("I32", new Uint8Array(Int32Array.of(1, 16_777_217).buffer), 2));
  const { code, stderr } = await run("float.onnx", "wide.safetensors");
  expect(code).toBe(2);
  expect(stderr).toContain('tensor "i": element 1 is no f32 number, got 16777217');
});
