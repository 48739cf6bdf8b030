import { expect, test } from "vitest";
import { GraphBuilder } from "../../../src/graph/ir/builder.ts";
import { classOverlap } from "../../../src/ops/loss/class-overlap.ts";
import { classOverlapCases, classOverlapGradientCases } from "../../cases/loss/class-overlap.ts";
import { checkOperator, prepareCase } from "../../support/check-operator.ts";
import { openTestGpu } from "../../support/gpu.ts";
import { runKernel } from "../../support/run-kernel.ts";
import { onShortGrid } from "../../support/short-grid.ts";

checkOperator(classOverlapCases);
checkOperator(classOverlapGradientCases);
checkOperator(onShortGrid(classOverlapCases));
checkOperator(onShortGrid(classOverlapGradientCases));

test("a label that is no class makes the sums of its item NaN, and no others", async () => {
  const gpu = await openTestGpu();
  try {
    const labels = { shape: [2, 3], dtype: "u32", values: [0, 1, 0, 1, 2, 0] } as const;
    const { data, call } = prepareCase(classOverlapCases, { why: "", inputs: [[2, 2, 3], labels], given: {} });
    for (const kernel of classOverlap.kernels) {
      const sums = await runKernel(gpu, { kernel, call: call(kernel, "whole"), inputs: data });
      for (const found of sums) expect([...found].map(Number.isNaN), kernel.name).toEqual([false, false, true, true]);
    }
  } finally {
    await gpu.dispose();
  }
});

test("rejects labels that do not fit", () => {
  const attrs = classOverlap.attributes({});
  expect(() =>
    classOverlap.shape(
      [
        { shape: [2, 3, 4], dtype: "f32" },
        { shape: [2, 3], dtype: "u32" },
      ],
      attrs,
    ),
  ).toThrow("classOverlap: labels have shape [2, 3], expected [2, 4] (input shapes: [2, 3, 4])");
});

test("has a gradient where one of the sums is used alone", () => {
  const b = new GraphBuilder();
  const q = b.input("q", [2, 3, 4]);
  const sums = b.applyAll(classOverlap, [q, b.input("labels", [2, 4], "u32")], {});
  for (const [i, value] of sums.slice(0, 2).entries()) {
    const [gradient] = b.gradients([{ value, gradient: b.input(`g${i}`, [2, 3]) }], [q]);
    expect(gradient!.type.shape).toEqual([2, 3, 4]);
  }
});
