// A graph with its vector-Jacobian product, where the way back is short: what goes through unchanged, and what nothing reaches.
import { afterAll, beforeAll, expect, test } from "vitest";
import { UsageError } from "../../../src/errors.ts";
import type { Gpu } from "../../../src/gpu/gpu.ts";
import { GraphBuilder } from "../../../src/graph/ir/builder.ts";
import { gradientGraph } from "../../../src/graph/ir/gradient-graph.ts";
import { compile } from "../../../src/graph/run/compile.ts";
import { relu } from "../../../src/ops/elementwise/activations.ts";
import { add, mul } from "../../../src/ops/elementwise/arithmetic.ts";
import { argmax } from "../../../src/ops/reduce/argmax.ts";
import { openTestGpu } from "../../support/gpu.ts";

let gpu: Gpu;
beforeAll(async () => {
  gpu = await openTestGpu();
});
afterAll(() => gpu.dispose());

const shape = [1, 3];
const tensor = (...values: number[]) => ({ shape, data: Float32Array.from(values) });

/** sum = x + y, scaled = w x, largest = argmax(x); nothing reads `idle` but its own output. */
function small() {
  const b = new GraphBuilder();
  const [x, y, idle] = [b.input("x", shape), b.input("y", shape), b.input("idle", shape)];
  b.output("sum", b.apply(add, [x, y], {}));
  b.output("scaled", b.apply(mul, [x, b.parameter("w", shape)], {}));
  b.output("idle", b.apply(relu, [idle], {}));
  b.output("largest", b.apply(argmax, [x], { axis: 1 }));
  return b.build();
}

async function run(of: readonly string[] | undefined, gradients: Record<string, ReturnType<typeof tensor>>) {
  const compiled = await compile(gpu, gradientGraph(small(), of), { parameter: async () => Float32Array.of(2, 3, 4) });
  try {
    const outputs = await compiled.run({ x: tensor(5, 6, 7), y: tensor(1, 1, 1), idle: tensor(0, 1, 2), ...gradients });
    return Object.fromEntries(Object.entries(outputs).map(([name, { data }]) => [name, [...data]]));
  } finally {
    await compiled.dispose();
  }
}

test("outputs that are left out count as zero, and what nothing reaches has zeros", async () => {
  const outputs = await run(["sum"], { "grad:sum": tensor(1, 10, 100) });
  expect(outputs).toMatchObject({ sum: [6, 7, 8], scaled: [10, 18, 28], largest: [2] });
  expect(outputs).toMatchObject({ "grad:x": [1, 10, 100], "grad:y": [1, 10, 100] });
  expect(outputs).toMatchObject({ "grad:w": [0, 0, 0], "grad:idle": [0, 0, 0] });
  expect(gpu.allocated.buffers, "buffers alive after dispose").toBe(0);
});

test("all outputs of floats together", async () => {
  const gradients = { "grad:sum": tensor(1, 1, 1), "grad:scaled": tensor(1, 2, 3), "grad:idle": tensor(7, 7, 7) };
  const outputs = await run(undefined, gradients);
  expect(outputs).toMatchObject({ "grad:x": [3, 7, 13], "grad:y": [1, 1, 1], "grad:w": [5, 12, 21] });
  expect(outputs).toMatchObject({ "grad:idle": [0, 7, 7] });
});

test("names that are no outputs of floats are refused", () => {
  expect(() => gradientGraph(small(), ["x"])).toThrow(/gradient of x: no such output, expected sum, scaled, idle/);
  expect(() => gradientGraph(small(), ["largest"])).toThrow(/gradient of largest: the output holds integers/);
  const b = new GraphBuilder();
  b.output("grad:x", b.apply(relu, [b.input("x", shape)], {}));
  expect(() => gradientGraph(b.build())).toThrow(/the name grad:x is taken/);
});

test("an operator without gradient is named, with its node", () => {
  const { gradient: _, ...blunt } = relu;
  const b = new GraphBuilder();
  b.output("y", b.apply({ ...blunt, name: "blunt" }, [b.input("x", shape)], {}, { name: "layer7" }));
  expect(() => gradientGraph(b.build())).toThrow(UsageError);
  expect(() => gradientGraph(b.build())).toThrow(/node layer7: blunt has no gradient/);
});
