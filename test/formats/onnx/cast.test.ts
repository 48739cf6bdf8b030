// Casts to f16 and bf16, of constants and of what is computed.
import { afterAll, beforeAll, expect, test } from "vitest";
import type { Gpu } from "../../../src/gpu/gpu.ts";
import { loadModel } from "../../../src/models/load.ts";
import { openTestGpu } from "../../support/gpu.ts";
import { buildModel, dataType, floats, type NodeFields } from "./build.ts";

let gpu: Gpu;
beforeAll(async () => {
  gpu = await openTestGpu();
});
afterAll(() => gpu.dispose());

const values = [0.8191054, -0.8191054, 1 + 2 ** -11, 65519, 65520, -1e6, 3e-8, Number.POSITIVE_INFINITY, Number.NaN];
const infinite = Number.POSITIVE_INFINITY;

/** By the rules of IEEE 754: to the nearest, ties to even, too large ones to infinity. */
const right = {
  f16: [0.8193359375, -0.8193359375, 1, 65504, infinite, -infinite, 2 ** -24, infinite, Number.NaN],
  bf16: [0.8203125, -0.8203125, 1, 65536, 65536, -999424, 0x81 * 2 ** -32, infinite, Number.NaN],
};

test.each(["f16", "bf16"] as const)("to %s and back, at run time and of a constant", async (type) => {
  const shape = [values.length];
  const casts = (name: string, from: string): NodeFields[] => [
    { op: "Cast", name: `${name}Narrow`, inputs: [from], attributes: { to: dataType[type] } },
    { op: "Cast", name, inputs: [`${name}Narrow`], attributes: { to: dataType.f32 } },
  ];
  const model = buildModel({
    inputs: { x: shape },
    nodes: [...casts("run", "x"), ...casts("folded", "c"), { op: "Add", name: "both", inputs: ["folded", "x"] }],
    outputs: ["run", "folded"],
    initializers: [floats("c", shape, values)],
  });
  const loaded = await loadModel(gpu, model, {});
  const { run, folded } = await loaded.run({ x: { shape, data: Float32Array.from(values) } });
  expect([...run!.data]).toEqual(right[type]);
  expect([...folded!.data]).toEqual(right[type]);
  await loaded.dispose();
});

// What ONNX defines: NaN and infinities are true, integers are cut towards zero. Values as ONNX Runtime 1.30 gives them.
const numbers = [0.5, -0.5, 1.9, -1.9, 300, -300, infinite, -infinite, Number.NaN, -0];
const whole = {
  bool: [1, 1, 1, 1, 1, 1, 1, 1, 1, 0],
  i32: [0, 0, 1, -1, 300, -300],
  i64: [0, 0, 1, -1, 300, -300],
  u16: [0, 0, 1, 65535, 300, 65236],
  i16: [0, 0, 1, -1, 300, -300],
  u8: [0, 0, 1, 255, 44, 212],
  i8: [0, 0, 1, -1, 44, -44],
} as const;

test.each(Object.entries(whole))("to %s, at run time and of a constant", async (type, expected) => {
  const data = numbers.slice(0, expected.length);
  const shape = [data.length];
  const to = dataType[type as keyof typeof whole];
  const casts = (name: string, from: string): NodeFields[] => [
    { op: "Cast", name: `${name}Whole`, inputs: [from], attributes: { to } },
    { op: "Cast", name, inputs: [`${name}Whole`], attributes: { to: dataType.f32 } },
  ];
  const model = buildModel({
    inputs: { x: shape },
    nodes: [...casts("run", "x"), ...casts("folded", "c"), { op: "Add", name: "both", inputs: ["folded", "x"] }],
    outputs: ["run", "folded"],
    initializers: [floats("c", shape, data)],
  });
  const loaded = await loadModel(gpu, model, {});
  const { run, folded } = await loaded.run({ x: { shape, data: Float32Array.from(data) } });
  expect([...run!.data].map((value) => value + 0)).toEqual([...expected]);
  expect([...folded!.data].map((value) => value + 0)).toEqual([...expected]);
  await loaded.dispose();
});
