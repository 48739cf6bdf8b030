// Convolutions of split channels, which only hardware is offered, on whatever adapter is here.
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { Gpu } from "../../../src/gpu/gpu.ts";
import { type Conv2dAttributes, type Conv2dGiven, conv2d } from "../../../src/ops/conv/conv2d.ts";
import { splitChannels } from "../../../src/ops/conv/decompositions.ts";
import { type DeviceTraits, deviceTraits } from "../../../src/ops/device-traits.ts";
import type { Decomposition, Operator } from "../../../src/ops/operator.ts";
import { conv2dCases } from "../../cases/conv/conv2d.ts";
import { compare, prepareCase } from "../../support/check-operator.ts";
import { openTestGpu } from "../../support/gpu.ts";
import type { OperatorCase } from "../../support/operator-cases.ts";
import { runDecomposition } from "../../support/run-decomposition.ts";

let gpu: Gpu;
beforeAll(async () => {
  gpu = await openTestGpu();
});
afterAll(() => gpu?.dispose());

const asHardware = (device: DeviceTraits): DeviceTraits => ({ ...device, kind: "hardware" });

function offered(parts: number): Operator<Conv2dAttributes, Conv2dGiven, 2> {
  const split = splitChannels(parts, () => conv2d);
  const anywhere = {
    ...split,
    applies: (...[call, device]: Parameters<typeof split.applies>) => split.applies(call, asHardware(device)),
  };
  return { ...conv2d, decompositions: [anywhere] };
}

const cases: readonly (OperatorCase<Conv2dGiven> & { parts: number })[] = [
  {
    why: "3x3 of a tail, bias",
    parts: 4,
    inputs: [
      [1, 64, 7, 7],
      [24, 64, 3, 3],
    ],
    given: { padding: 1 },
    epilogue: { bias: true },
  },
  {
    why: "1x1, batch 2",
    parts: 2,
    inputs: [
      [2, 32, 5, 3],
      [20, 32, 1, 1],
    ],
    given: {},
  },
  {
    why: "stride, dilation, residual and ReLU",
    parts: 8,
    inputs: [
      [2, 128, 9, 8],
      [8, 128, 3, 2],
    ],
    given: { stride: 2, dilation: [2, 1], padding: [2, 0] },
    epilogue: { bias: true, residual: true, activation: { kind: "relu" } },
  },
];

describe("channels in parts", () => {
  for (const { parts, ...entry } of cases) {
    test(entry.why, async () => {
      const { data, call: prepared, expected } = prepareCase(conv2dCases, entry);
      const operator = offered(parts);
      const call = prepared(conv2d.kernels[0]!, "whole");
      const result = await runDecomposition(gpu, `conv2d/split${parts}`, { operator, call, inputs: data });
      compare(`split ${parts}`, call.outputs[0]!, result, expected[0]!);
    });
  }

  test("is not offered to software, to groups, in f16, or for parts of few channels", () => {
    const device = asHardware(deviceTraits(gpu));
    const applies = (
      parts: number,
      shape: readonly number[],
      given: Conv2dGiven,
      traits = device,
      storage: "f32" | "f16" = "f32",
    ) => {
      const [, channels] = shape as [number, number];
      const entry = { why: "", inputs: [shape, [8, channels / (given.groups ?? 1), 1, 1]], given };
      const call = prepareCase(conv2dCases, entry, storage).call(conv2d.kernels[0]!, "whole");
      const split: Decomposition<Conv2dAttributes> = splitChannels(parts, () => conv2d);
      return split.applies(call, traits);
    };
    expect(applies(2, [1, 32, 4, 4], {})).toBe(true);
    expect(applies(2, [1, 32, 4, 4], {}, { ...device, kind: "software" })).toBe(false);
    expect(applies(2, [1, 32, 4, 4], { groups: 2 })).toBe(false);
    expect(applies(2, [1, 32, 4, 4], {}, device, "f16")).toBe(false);
    expect(applies(4, [1, 32, 4, 4], {})).toBe(false);
    expect(applies(2, [1, 33, 4, 4], {})).toBe(false);
  });
});
