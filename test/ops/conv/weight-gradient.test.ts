// Gradients of weights by every kernel, and with their sums split in every number of parts.
import { beforeAll, describe, expect, test } from "vitest";
import type { Gpu } from "../../../src/gpu/gpu.ts";
import { convWeightGradient } from "../../../src/ops/conv/weight-gradient.ts";
import { deviceTraits } from "../../../src/ops/device-traits.ts";
import { dataTypes } from "../../../src/tensor.ts";
import { convWeightGradientCases } from "../../cases/conv/weight-gradient.ts";
import { checkOperator, compare, prepareCase } from "../../support/check-operator.ts";
import { runDecomposition } from "../../support/run-decomposition.ts";
import { shareTestGpu } from "../../support/share-gpu.ts";
import { onShortGrid } from "../../support/short-grid.ts";

const sharedGpu = shareTestGpu();

checkOperator(convWeightGradientCases);
checkOperator(onShortGrid(convWeightGradientCases));

describe("in parts", () => {
  let gpu: Gpu;
  beforeAll(() => {
    gpu = sharedGpu();
  });

  test("in f16, where parts are f32", async ({ skip }) => {
    skip(!gpu.features.has("shader-f16"), "no shader-f16");
    const entry = convWeightGradientCases.cases.find(({ why }) => why.startsWith("two groups"))!;
    const { data, call: prepared, expected } = prepareCase(convWeightGradientCases, entry, "f16");
    const call = prepared(convWeightGradient.kernels[0]!, "whole");
    const name = "convWeightGradient/split4";
    const result = await runDecomposition(gpu, name, { operator: convWeightGradient, call, inputs: data });
    expect(result).toBeInstanceOf(dataTypes.f16);
    compare(name, call.outputs[0]!, result, expected[0]!);
  });

  for (const entry of convWeightGradientCases.cases) {
    test(entry.why, async () => {
      const { data, call: prepared, expected } = prepareCase(convWeightGradientCases, entry);
      const call = prepared(convWeightGradient.kernels[0]!, "whole");
      const splits = convWeightGradientCases.operator.decompositions!.filter((split) =>
        split.applies(call, deviceTraits(gpu)),
      );
      for (const { name } of splits) {
        const result = await runDecomposition(gpu, name, { operator: convWeightGradient, call, inputs: data });
        compare(name, call.outputs[0]!, result, expected[0]!);
      }
      const [, gy] = call.inputs;
      const rows = gy!.shape[0]! * gy!.shape.slice(2, -1).reduce((product, size) => product * size, 1);
      // Kernels that are too wide to be unrolled are not split.
      const most = entry.given.kernel.at(-1)! > 8 ? 1 : rows;
      expect(splits).toHaveLength([2, 4, 8, 16, 32, 64].filter((parts) => parts <= most).length);
    });
  }
});
