// Transposed convolutions of stride 1 as convolutions.
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { Gpu } from "../../../src/gpu/gpu.ts";
import type { ConvTranspose2dGiven } from "../../../src/ops/conv/conv2d.ts";
import { deviceTraits } from "../../../src/ops/device-traits.ts";
import { convTranspose2dCases } from "../../cases/conv/transpose2d.ts";
import { convTranspose3dCases } from "../../cases/conv/transpose3d.ts";
import { compare, prepareCase } from "../../support/check-operator.ts";
import { openTestGpu } from "../../support/gpu.ts";
import type { OperatorCase } from "../../support/operator-cases.ts";
import { runDecomposition } from "../../support/run-decomposition.ts";

let gpu: Gpu;
beforeAll(async () => {
  gpu = await openTestGpu();
});
afterAll(() => gpu?.dispose());

const convTranspose2d = convTranspose2dCases.operator;
const [flipped] = convTranspose2d.decompositions!;

const imageCases: readonly OperatorCase<ConvTranspose2dGiven>[] = [
  {
    why: "one pixel",
    inputs: [
      [1, 1, 1, 1],
      [1, 1, 1, 1],
    ],
    given: {},
  },
  {
    why: "3x3, leftovers, batch 2",
    inputs: [
      [2, 5, 7, 9],
      [5, 6, 3, 3],
    ],
    given: { padding: 1 },
  },
  {
    why: "kernel unlike its flip, padding on one side",
    inputs: [
      [1, 3, 6, 5],
      [3, 4, 4, 2],
    ],
    given: { padding: [0, 1, 3, 0] },
  },
  {
    why: "dilations, groups",
    inputs: [
      [2, 6, 8, 7],
      [6, 2, 3, 2],
    ],
    given: { dilation: [2, 3], padding: [2, 1], groups: 3 },
  },
  {
    why: "depthwise, dilated",
    inputs: [
      [1, 6, 9, 8],
      [6, 1, 3, 3],
    ],
    given: { dilation: 3, padding: 3, groups: 6 },
  },
  {
    why: "output padding, which the dilation allows",
    inputs: [
      [1, 2, 5, 6],
      [2, 2, 2, 3],
    ],
    given: { dilation: 3, outputPadding: 2 },
  },
  {
    why: "bias, residual and ReLU",
    inputs: [
      [1, 8, 6, 6],
      [8, 5, 3, 3],
    ],
    given: { padding: 1 },
    epilogue: { bias: true, residual: true, activation: { kind: "relu" } },
  },
];

describe("images", () => {
  for (const entry of imageCases) {
    for (const storage of ["f32", "f16"] as const) {
      test(`${entry.why}, ${storage}`, async ({ skip }) => {
        skip(storage === "f16" && !gpu.features.has("shader-f16"), "no shader-f16");
        const { operator } = convTranspose2dCases;
        const { data, call: prepared, expected } = prepareCase(convTranspose2dCases, entry, storage);
        const call = prepared(operator.kernels[0]!, "whole");
        expect(flipped!.applies(call, deviceTraits(gpu))).toBe(true);
        const result = await runDecomposition(gpu, "convTranspose2d/flipped", { operator, call, inputs: data });
        compare("flipped", call.outputs[0]!, result, expected[0]!);
      });
    }
  }
});

test("volumes", async () => {
  const given = { dilation: [1, 2, 1] as const, padding: [1, 0, 2, 0, 1, 0] as const, groups: 2 };
  const entry = {
    why: "",
    inputs: [
      [2, 4, 5, 6, 7],
      [4, 3, 2, 2, 3],
    ],
    given,
  };
  const { operator } = convTranspose3dCases;
  const { data, call: prepared, expected } = prepareCase(convTranspose3dCases, entry);
  const call = prepared(operator.kernels[0]!, "whole");
  const result = await runDecomposition(gpu, "convTranspose3d/flipped", { operator, call, inputs: data });
  compare("flipped", call.outputs[0]!, result, expected[0]!);
});

describe("as the gradient of a convolution's input", () => {
  const call = (x: readonly number[], weight: readonly number[], given: ConvTranspose2dGiven) =>
    prepareCase(convTranspose2dCases, { why: "", inputs: [x, weight], given }).call(
      convTranspose2d.kernels[0]!,
      "whole",
    );
  const preferred = (...args: Parameters<typeof call>) =>
    convTranspose2d.prefer!(call(...args), { ...deviceTraits(gpu), kind: "hardware" });

  test("is not offered with a stride, or for a crop", () => {
    const applies = (given: ConvTranspose2dGiven) =>
      flipped!.applies(call([1, 2, 9, 9], [2, 2, 3, 3], given), deviceTraits(gpu));
    expect(applies({ padding: 2 })).toBe(true);
    expect(applies({ padding: 3 })).toBe(false);
    expect(applies({ padding: [3, 0] })).toBe(false);
    expect(applies({ stride: [1, 2] })).toBe(false);
  });

  test("serves on hardware dilations, depthwise kernels, and long sums of few outputs", () => {
    expect(preferred([1, 16, 8, 8], [16, 16, 3, 3], { dilation: 2, padding: 2 })).toBe("convTranspose2d/flipped");
    expect(preferred([1, 16, 8, 8], [16, 1, 3, 3], { groups: 16, padding: 1 })).toBe("convTranspose2d/flipped");
    expect(preferred([1, 128, 5, 5], [128, 32, 3, 3], { padding: 1 })).toBe("convTranspose2d/flipped");
    expect(preferred([1, 16, 8, 8], [16, 16, 3, 3], { padding: 1 })).toBe("convTranspose2d/gemm-32x32-4x4");
    expect(preferred([1, 128, 5, 5], [128, 32, 3, 3], { stride: 2, padding: 1 })).toMatch(/gemm/);
  });

  test("serves on software what subgroups do not", () => {
    const onSoftware = (subgroupSize: number, ...args: Parameters<typeof call>) =>
      convTranspose2d.prefer!(call(...args), { ...deviceTraits(gpu), kind: "software", subgroupSize });
    const dense = [[4, 64, 8, 8], [64, 64, 3, 3], { padding: 1 }] as const;
    expect(onSoftware(4, ...dense)).toBe("convTranspose2d/flipped");
    expect(onSoftware(8, ...dense)).toBe("convTranspose2d/subgroup");
    const depthwise = [[4, 64, 8, 8], [64, 1, 3, 3], { padding: 1, groups: 64 }] as const;
    expect(onSoftware(8, ...depthwise)).toBe("convTranspose2d/flipped");
    expect(onSoftware(4, dense[0], dense[1], { stride: 2 })).toBe("convTranspose2d/tiled");
  });
});
