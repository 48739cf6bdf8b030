// The checker itself: kernels with a planted mistake must fail, each with its own message.
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { structParams, wgsl } from "../../shaders/wgsl/wgsl.ts";
import type { Gpu } from "../../src/gpu/gpu.ts";
import { fromF32 } from "../../src/half.ts";
import { relu } from "../../src/ops/index.ts";
import { type Call, type Kernel, noEpilogue } from "../../src/ops/operator.ts";
import { params } from "../../src/ops/parameters.ts";
import { compare, prepareCase } from "./check-operator.ts";
import { openTestGpu } from "./gpu.ts";
import type { OperatorCases } from "./operator-cases.ts";
import { layOut, runKernel } from "./run-kernel.ts";

let gpu: Gpu;
beforeAll(async () => {
  gpu = await openTestGpu();
});
afterAll(() => gpu.dispose());

const type = { shape: [2, 5], dtype: "f32" } as const;

/** Doubles [2, 5] in place of views; `statement` is what each of ten invocations does. */
function kernel(statement: string): Kernel {
  const spec = { x_offset: "u32", x_batch_stride: "u32", y_offset: "u32", y_batch_stride: "u32" } as const;
  return {
    name: "double/planted",
    applies: () => true,
    views: [0],
    dispatches: ({ inputs: [x], outputs: [y] }) => [
      {
        code: wgsl`
${structParams(spec)}
@group(0) @binding(0) var<storage, read> x: array<f32>;
@group(0) @binding(1) var<storage, read_write> y: array<f32>;
@group(0) @binding(2) var<uniform> p: Params;
@compute @workgroup_size(16)
fn main(@builtin(global_invocation_id) id: vec3u) {
  let i = id.x;
  if (i >= 10u) { return; }
  let at = p.x_offset + i / 5u * p.x_batch_stride + i % 5u;
  let to = p.y_offset + i / 5u * p.y_batch_stride + i % 5u;
  ${statement}
}`,
        bindings: [{ input: 0 }, { output: 0 }],
        params: params(spec, {
          x_offset: x!.view.offset,
          x_batch_stride: x!.view.batchStride,
          y_offset: y!.view.offset,
          y_batch_stride: y!.view.batchStride,
        }),
        workgroups: [1, 1, 1],
      },
    ],
  };
}

async function check(statement: string): Promise<void> {
  const call: Call = {
    inputs: [layOut(type, "views", 0)],
    outputs: [layOut(type, "views", 7)],
    attrs: {},
    epilogue: noEpilogue,
  };
  const data = Float32Array.from({ length: 10 }, (_, i) => i + 1);
  const [result] = await runKernel(gpu, { kernel: kernel(statement), call, inputs: [data] });
  const doubled = Float64Array.from(data, (value) => 2 * value);
  compare("double", type, result!, { data: doubled, magnitude: doubled });
}

test("a correct kernel passes", async () => {
  await check("y[to] = 2.0 * x[at];");
});

test("an unwritten element", async () => {
  await expect(check("if (i != 3u) { y[to] = 2.0 * x[at]; }")).rejects.toThrow(
    "double/planted output 0: left element 3 of 10 unwritten",
  );
});

test("an element behind the output", async () => {
  await expect(check("y[to] = 2.0 * x[at]; if (i == 9u) { y[to + 4u] = 0.0; }")).rejects.toThrow("wrote outside");
});

test("an element between two batch items", async () => {
  await expect(check("y[to] = 2.0 * x[at]; if (i == 4u) { y[to + 1u] = 0.0; }")).rejects.toThrow("wrote outside");
});

test("the gap between two batch items of the input", async () => {
  await expect(check("y[to] = 2.0 * x[select(at, at + 1u, i == 4u)];")).rejects.toThrow(
    "element [0, 4] is NaN, expected 10",
  );
});

test("a value twenty tolerances off", async () => {
  await expect(check("y[to] = select(2.0, 2.00004, i == 7u) * x[at];")).rejects.toThrow(
    /element \[1, 2\] is 16.0003\d*, expected 16: .* tolerances off; 1 of 10 elements wrong/,
  );
});

describe("the comparison", () => {
  const row = { shape: [2], dtype: "f32" } as const;
  const against = (got: readonly number[], want: readonly number[], exact?: true) => () =>
    compare("row", row, Float32Array.from(got), {
      data: Float64Array.from(want),
      magnitude: Float64Array.from(want, Math.abs),
      ...(exact && { exact }),
    });

  test("a number where NaN is expected, and NaN where a number is", () => {
    expect(against([1, Number.NaN], [1, Number.NaN])()).toBe(0);
    expect(against([1, 2], [1, Number.NaN])).toThrow("element [1] is 2, expected NaN");
    expect(against([1, Number.NaN], [1, 2])).toThrow("element [1] is NaN, expected 2");
  });

  test("an infinity of the other sign, and a large number in its place", () => {
    const { POSITIVE_INFINITY: inf } = Number;
    expect(against([inf, -inf], [inf, -inf])()).toBe(0);
    expect(against([inf, inf], [inf, -inf])).toThrow("element [1] is Infinity, expected -Infinity");
    expect(against([3e38, 1], [inf, 1])).toThrow("expected Infinity");
  });

  test("one unit in the last place of what has to be exact", () => {
    const next = 1 + 2 ** -23;
    expect(against([next, 1], [1, 1])()).toBeLessThan(1);
    expect(against([next, 1], [1, 1], true)).toThrow("1 of 2 elements wrong");
  });

  test("more than half a unit in the last place of f16", () => {
    const stored = (value: number) => fromF32(Float32Array.of(value, 1), "f16");
    const expected = {
      data: Float64Array.of(1 + 2 ** -11, 1),
      magnitude: new Float64Array(2),
      rounding: Float64Array.of(2 ** -11, 2 ** -11),
    };
    const half = { shape: [2], dtype: "f16" } as const;
    expect(compare("half", half, stored(1), expected)).toBeLessThan(1);
    expect(() => compare("half", half, stored(1 + 2 ** -9), expected)).toThrow("1 of 2 elements wrong");
  });
});

test("a reference of another size", () => {
  const suite: OperatorCases = {
    operator: relu,
    reference: ([x]) => [{ data: x!.data.slice(1), magnitude: new Float64Array(1), exact: true }],
    cases: [{ why: "two", inputs: [[2]], given: {} }],
  };
  expect(() => prepareCase(suite, suite.cases[0]!)).toThrow("reference output 0");
});
