import { expect, test } from "vitest";
import { deviceTraits } from "../../../src/ops/device-traits.ts";
import { classCounts } from "../../../src/ops/loss/class-counts.ts";
import { classCountsCases } from "../../cases/loss/class-counts.ts";
import { checkOperator, compare, prepareCase } from "../../support/check-operator.ts";
import { openTestGpu } from "../../support/gpu.ts";
import { randomLabels } from "../../support/labels.ts";
import { runDecomposition } from "../../support/run-decomposition.ts";
import { onShortGrid } from "../../support/short-grid.ts";

checkOperator(classCountsCases);
checkOperator(onShortGrid(classCountsCases));

const large = { why: "", inputs: [randomLabels([2, 96, 129], 5, 255)], given: { classes: 5 } };

test("counts a large image in parts", async () => {
  const gpu = await openTestGpu();
  try {
    const { data, call: prepared, expected } = prepareCase(classCountsCases, large);
    const call = prepared(classCounts.kernels[0]!, "whole");
    expect(classCounts.prefer?.(call, deviceTraits(gpu))).toBe("classCounts/split");
    const result = await runDecomposition(gpu, "classCounts/split", { operator: classCounts, call, inputs: data });
    compare("classCounts/split", call.outputs[0]!, result, expected[0]!);
  } finally {
    await gpu.dispose();
  }
});

test("rejects what are no labels", () => {
  const attrs = classCounts.attributes({ classes: 2 });
  expect(() => classCounts.shape([{ shape: [2], dtype: "f32" }], attrs)).toThrow(
    "classCounts: labels are f32, expected u32",
  );
  expect(() => classCounts.shape([{ shape: [], dtype: "u32" }], attrs)).toThrow(
    "classCounts: labels have shape [], expected [N, ...]",
  );
  expect(() => classCounts.attributes({ classes: 0 })).toThrow(
    "classCounts: classes: got [0], expected integers of at least 1",
  );
});
