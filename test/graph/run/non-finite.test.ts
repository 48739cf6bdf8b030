// Where numbers stop being finite: in f32 by themselves, in f16 also where they are stored as its largest number.
import { afterAll, beforeAll, expect, test } from "vitest";
import type { Gpu } from "../../../src/gpu/gpu.ts";
import { GraphBuilder } from "../../../src/graph/ir/builder.ts";
import { findNonFinite } from "../../../src/graph/run/non-finite.ts";
import { conv2d } from "../../../src/ops/conv/conv2d.ts";
import { relu, sigmoid } from "../../../src/ops/elementwise/activations.ts";
import { log } from "../../../src/ops/elementwise/unary.ts";
import { openTestGpu } from "../../support/gpu.ts";

let gpu: Gpu;
beforeAll(async () => {
  gpu = await openTestGpu();
});
afterAll(() => gpu.dispose());

/** sigmoid(log(relu(x * w))), the product a convolution: a sigmoid makes a finite number of what came before. */
function graph() {
  const b = new GraphBuilder();
  const x = b.input("x", [1, 1, 1, 6]);
  const scaled = b.apply(conv2d, [x, b.parameter("w", [1, 1, 1, 1])], {}, { name: "scaled" });
  const bent = b.apply(relu, [scaled], {}, { name: "bent" });
  b.output("y", b.apply(sigmoid, [b.apply(log, [bent], {}, { name: "log" })], {}, { name: "gate" }));
  return b.build();
}

async function find(precision: "f32" | "f16", x: readonly number[], weight: number): Promise<string | undefined> {
  const inputs = { x: { shape: [1, 1, 1, 6], data: Float32Array.from(x) } };
  const parameter = async () => Float32Array.of(weight);
  return findNonFinite(gpu, graph(), { inputs, parameter, precision });
}

const good = [1, 2, 3, 4, 5, 6];
const withLast = (value: number) => [...good.slice(0, 5), value];

test("in f32 NaN and infinities are found where they begin", async () => {
  expect(await find("f32", good, 1)).toBeUndefined();
  expect(await find("f32", good, 20_000)).toBeUndefined();
  expect(await find("f32", withLast(Number.NaN), 1)).toBe("input x");
  expect(await find("f32", withLast(Number.NEGATIVE_INFINITY), 1)).toBe("input x");
  expect(await find("f32", good, Number.NaN)).toBe("parameter w");
  expect(await find("f32", withLast(3e38), 2)).toBe("conv2d scaled");
  expect(await find("f32", withLast(0), 1)).toBe("log log");
  expect(gpu.allocated.buffers, "buffers alive afterwards").toBe(0);
});

test("in f16 also numbers that it does not hold, which are stored as 65504", async ({ skip }) => {
  skip(!gpu.features.has("shader-f16"), "no shader-f16");
  expect(await find("f16", good, 1)).toBeUndefined();
  expect(await find("f16", good, 10_000)).toBeUndefined();
  expect(await find("f16", good, 20_000)).toBe("conv2d bent");
  expect(await find("f16", withLast(Number.NaN), 1)).toBe("input x");
  expect(await find("f16", withLast(Number.POSITIVE_INFINITY), 1)).toBe("input x");
  expect(await find("f16", withLast(70_000), 1)).toBe("cast x:f16");
  expect(await find("f16", withLast(0), 1)).toBe("log log");
  expect(gpu.allocated.buffers, "buffers alive afterwards").toBe(0);
});

test("in f16 what is stored after fusion counts: what a ReLU takes away never was", async ({ skip }) => {
  skip(!gpu.features.has("shader-f16"), "no shader-f16");
  expect(await find("f16", [-10, 1, 1, 1, 1, 1], 20_000), "the logarithm of 0").toBe("log log");
  expect(await find("f16", [10, 1, 1, 1, 1, 1], 20_000)).toBe("conv2d bent");
});
