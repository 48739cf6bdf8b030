// Normalization of rows that several workgroups share: its parts, and the whole of it.
import { beforeAll, describe, expect, test } from "vitest";
import type { Gpu } from "../../../src/gpu/gpu.ts";
import { deviceTraits } from "../../../src/ops/device-traits.ts";
import { groupNorm, instanceNorm } from "../../../src/ops/norm/normalization.ts";
import { groupNormCases, instanceNormCases } from "../../cases/norm/normalization.ts";
import { normApplyCases, normMomentsCases } from "../../cases/norm/split.ts";
import { checkOperator, compare, prepareCase } from "../../support/check-operator.ts";
import { runDecomposition } from "../../support/run-decomposition.ts";
import { shareTestGpu } from "../../support/share-gpu.ts";
import { onShortGrid } from "../../support/short-grid.ts";

const sharedGpu = shareTestGpu();

checkOperator(normMomentsCases);
checkOperator(normApplyCases);
checkOperator(onShortGrid(normMomentsCases));

describe("a long row", () => {
  let gpu: Gpu;
  beforeAll(() => {
    gpu = sharedGpu();
  });

  test("of a channel, which is no multiple of its parts", async () => {
    const entry = { why: "", inputs: [[1, 2, 33, 31, 35], [2], [2]], given: {} };
    const { data, call: prepared, expected } = prepareCase(instanceNormCases, entry);
    const call = prepared(instanceNorm.kernels[0]!, "whole");
    const inputs = { operator: instanceNorm, call, inputs: data };
    const result = await runDecomposition(gpu, "instanceNorm/split", inputs);
    compare("instanceNorm/split", call.outputs[0]!, result, expected[0]!);
  });

  test("of a group of channels", async () => {
    const entry = { why: "", inputs: [[2, 4, 131, 127], [4], [4]], given: { groups: 2 } };
    const { data, call: prepared, expected } = prepareCase(groupNormCases, entry);
    const call = prepared(groupNorm.kernels[0]!, "whole");
    const result = await runDecomposition(gpu, "groupNorm/split", { operator: groupNorm, call, inputs: data });
    compare("groupNorm/split", call.outputs[0]!, result, expected[0]!);
  });

  test("is split on hardware alone, and a short one never", () => {
    const device = { ...deviceTraits(gpu), kind: "hardware" as const };
    const callOf = (...shape: number[]) => {
      const { call } = prepareCase(instanceNormCases, { why: "", inputs: [shape], given: {} });
      return call(instanceNorm.kernels[0]!, "whole");
    };
    const long = callOf(1, 2, 64, 32, 32);
    expect(instanceNorm.prefer?.(long, device)).toBe("instanceNorm/split");
    expect(instanceNorm.prefer?.(long, { ...device, kind: "software" })).toBe("instanceNorm/workgroup");
    const [split] = instanceNorm.decompositions!;
    expect(split!.applies(callOf(1, 2, 64, 32), device)).toBe(false);
  });
});
