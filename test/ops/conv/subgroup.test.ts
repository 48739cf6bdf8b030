// The subgroup kernels: who gets them and what others get, how their weights lie, and one run on whatever subgroups this adapter
// has, since `conv2d.test.ts` runs them only where they apply.
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { Gpu } from "../../../src/gpu/gpu.ts";
import { conv2d } from "../../../src/ops/conv/conv2d.ts";
import { type PackLaneWeightsAttributes, packLaneWeights } from "../../../src/ops/conv/pack-lane-weights.ts";
import { type DeviceTraits, deviceTraits } from "../../../src/ops/device-traits.ts";
import { type Call, noEpilogue } from "../../../src/ops/operator.ts";
import { wholeView } from "../../../src/ops/view.ts";
import type { Shape } from "../../../src/tensor.ts";
import { conv2dCases } from "../../cases/conv/conv2d.ts";
import { convTranspose2dCases } from "../../cases/conv/transpose2d.ts";
import { compare, prepareCase } from "../../support/check-operator.ts";
import { openTestGpu } from "../../support/gpu.ts";
import type { OperatorCases } from "../../support/operator-cases.ts";
import { runKernel } from "../../support/run-kernel.ts";

let gpu: Gpu;
beforeAll(async () => {
  gpu = await openTestGpu();
});
afterAll(() => gpu?.dispose());

const operand = (...shape: Shape) => {
  const type = { shape, dtype: "f32" as const };
  return { ...type, view: wholeView(type) };
};

describe("the kernel chosen", () => {
  const software: DeviceTraits = {
    kind: "software",
    maxWorkgroupInvocations: 256,
    maxWorkgroupStorageBytes: 16384,
    maxWorkgroupsPerDimension: 65535,
    maxBufferBytes: 2 ** 27,
    subgroupSize: 8,
  };
  const chosen = (
    weight: readonly [number, number, number, number],
    groups: number,
    device: DeviceTraits,
    size = 10,
  ) => {
    const [x, w] = [operand(1, weight[1] * groups, size, size), operand(...weight)];
    const attrs = conv2d.attributes({ groups });
    const [y] = conv2d.shape([x, w], attrs);
    const call: Call<typeof attrs, 2> = {
      inputs: [x, w],
      outputs: [operand(...y!.shape)],
      attrs,
      epilogue: noEpilogue,
    };
    return conv2d.prefer?.(call, device);
  };

  test("is by subgroups on software with 8 lanes only", () => {
    expect(chosen([64, 64, 3, 3], 1, software)).toBe("conv2d/subgroup");
    expect(chosen([64, 64, 3, 3], 1, { ...software, subgroupSize: 4 })).toBe("conv2d/tiled-8x8");
    expect(chosen([64, 64, 3, 3], 1, { ...software, kind: "hardware" })).toBe("conv2d/gemm-32x32-4x4");
    const { subgroupSize, ...without } = software;
    expect(subgroupSize).toBe(8);
    expect(chosen([64, 64, 3, 3], 1, without)).toBe("conv2d/tiled-8x8");
  });

  test("leaves lanes no half empty, kernels not too wide and the grid in its limits", () => {
    expect(chosen([3, 8, 3, 3], 1, software)).toBe("conv2d/tiled-8x8");
    expect(chosen([8, 8, 1, 9], 1, software)).toBe("conv2d/direct");
    expect(chosen([16, 1, 3, 3], 16, software)).toBe("conv2d/depthwise-tiled");
    expect(chosen([64, 8, 3, 3], 1, { ...software, maxWorkgroupsPerDimension: 7 })).toBe("conv2d/tiled-8x8");
  });

  test("is on hardware the largest matrix product that suits and that the device takes", () => {
    const hardware: DeviceTraits = { ...software, kind: "hardware" };
    expect(chosen([256, 64, 1, 1], 1, hardware, 128)).toBe("conv2d/gemm-128x128-8x8");
    expect(chosen([256, 64, 1, 1], 1, { ...hardware, maxWorkgroupInvocations: 128 }, 128)).toBe(
      "conv2d/gemm-128x64-8x8",
    );
  });
});

describe("weights for lanes", () => {
  const packed = async (shape: Shape, given: Parameters<typeof packLaneWeights.attributes>[0]) => {
    const weight = operand(...shape);
    const [output] = packLaneWeights.shape([weight], given);
    const call: Call<PackLaneWeightsAttributes> = {
      inputs: [weight],
      outputs: [operand(...output.shape)],
      attrs: given,
      epilogue: noEpilogue,
    };
    const data = Float32Array.from({ length: shape.reduce((a, b) => a * b, 1) }, (_, i) => i + 1);
    const [result] = await runKernel(gpu, { kernel: packLaneWeights.kernels[0]!, call, inputs: [data] });
    return { shape: output!.shape, result: [...result!] };
  };

  test("pad channels and taps with zeros", async () => {
    const given = { groups: 1, lanes: 2, channelBlock: 1, byRows: false, transposed: false };
    const { shape, result } = await packed([3, 1, 1, 3], given);
    expect(shape).toEqual([1, 2, 1, 1, 1, 2, 4]);
    expect(result).toEqual([1, 2, 3, 0, 4, 5, 6, 0, 7, 8, 9, 0, 0, 0, 0, 0]);
  });

  test("put taps of several channels into one vec4", async () => {
    const given = { groups: 2, lanes: 1, channelBlock: 2, byRows: false, transposed: false };
    const { shape, result } = await packed([2, 3, 1, 2], given);
    expect(shape).toEqual([2, 1, 2, 1, 1, 1, 4]);
    expect(result).toEqual([1, 2, 3, 4, 5, 6, 0, 0, 7, 8, 9, 10, 11, 12, 0, 0]);
  });

  test("begin each kernel row anew, transposed", async () => {
    const given = { groups: 1, lanes: 2, channelBlock: 1, byRows: true, transposed: true };
    const { shape, result } = await packed([1, 2, 2, 2], given);
    expect(shape).toEqual([1, 1, 1, 2, 1, 2, 4]);
    expect(result).toEqual([1, 2, 0, 0, 5, 6, 0, 0, 3, 4, 0, 0, 7, 8, 0, 0]);
  });
});

describe("on this adapter's subgroups", () => {
  const run = async <A extends object, G extends object>(suite: OperatorCases<A, G>, why: string) => {
    const kernel = suite.operator.kernels.find(({ name }) => name.endsWith("/subgroup"))!;
    const prepared = prepareCase(suite, suite.cases.find((entry) => entry.why === why)!);
    for (const layout of ["whole", "views"] as const) {
      const call = prepared.call(kernel, layout);
      const [result] = await runKernel(gpu, { kernel, call, inputs: prepared.data });
      compare(`${kernel.name}, ${layout}`, call.outputs[0]!, result!, prepared.expected[0]!);
    }
  };
  test("convolves", async ({ skip }) => {
    skip(deviceTraits(gpu).subgroupSize === undefined, "no subgroups of one size");
    await run(conv2dCases, "bias, residual and ReLU");
  });
  test("convolves transposed", async ({ skip }) => {
    skip(deviceTraits(gpu).subgroupSize === undefined, "no subgroups of one size");
    await run(convTranspose2dCases, "bias, residual and ReLU");
  });
});
