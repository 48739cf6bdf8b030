// Weight gradients as matrix products, which only hardware gets, on whatever adapter is here: the smallest tile on every case,
// the larger ones, which software drivers compile slowly, on a few.
import { beforeAll, describe, expect, test } from "vitest";
import type { Storage } from "../../../shaders/wgsl/storage.ts";
import type { Gpu } from "../../../src/gpu/gpu.ts";
import type { ConvWeightGradientAttributes } from "../../../src/ops/conv/weight-call.ts";
import { weightGemmKernels, weightGemmName, weightGemmTiles } from "../../../src/ops/conv/weight-gemm.ts";
import { convWeightGradient } from "../../../src/ops/conv/weight-gradient.ts";
import { type DeviceTraits, deviceTraits } from "../../../src/ops/device-traits.ts";
import { noEpilogue, type Operand } from "../../../src/ops/operator.ts";
import { wholeView } from "../../../src/ops/view.ts";
import { elementCount, type Shape, type TensorType } from "../../../src/tensor.ts";
import { convWeightGradientCases } from "../../cases/conv/weight-gradient.ts";
import { checkOperator, compare, prepareCase } from "../../support/check-operator.ts";
import { onHardware } from "../../support/other-device.ts";
import { runKernel } from "../../support/run-kernel.ts";
import { shareTestGpu } from "../../support/share-gpu.ts";

const sharedGpu = shareTestGpu();

const [smallest, ...larger] = weightGemmTiles.map(weightGemmName);

function only(kernels: readonly string[], cases: readonly string[] | "all", storages: readonly Storage[] = ["f32"]) {
  const suite = onHardware({ ...convWeightGradientCases, storages });
  const chosen = suite.cases.filter(({ why }) => cases === "all" || cases.includes(why));
  if (cases !== "all" && chosen.length !== cases.length) throw new Error(`no such cases: ${cases}`);
  const { operator } = suite;
  return {
    ...suite,
    operator: {
      ...operator,
      name: `${operator.name} ${kernels}`,
      kernels: operator.kernels.filter(({ name }) => kernels.includes(name)),
    },
    cases: chosen,
  };
}

checkOperator(only([smallest!], "all"));
const few = [
  "rows that are no multiple of 4, leftover channels, batch 3",
  "two groups, each of more than one large tile",
];
checkOperator(only(larger, [...few, "volume, strides, dilation and groups"]));
// In f16 a few too: software drivers take minutes to compile all of them twice.
checkOperator(only([smallest!], [...few, "volume, strides, dilation and groups"], ["f16"]));

let gpu: Gpu;
beforeAll(() => {
  gpu = sharedGpu();
});

describe("in parts, as many as leave some empty, the same as the tiled kernel's", () => {
  const tiled = convWeightGradient.kernels.find((kernel) => kernel.name === "convWeightGradient/tiled")!;
  const inHalf = convWeightGradientCases.cases.filter(({ why }) => few.includes(why));
  const tests = [
    ...convWeightGradientCases.cases.map((entry) => ({ entry, name: entry.why, storage: "f32" as const })),
    ...inHalf.map((entry) => ({ entry, name: `${entry.why}, in f16`, storage: "f16" as const })),
  ];
  for (const { entry, name, storage } of tests) {
    test(name, async ({ skip }) => {
      skip(storage === "f16" && !gpu.features.has("shader-f16"), "no shader-f16");
      const parts = 8;
      const { data, call: prepared, expected } = prepareCase(convWeightGradientCases, entry, storage);
      const kernel = weightGemmKernels[0]!;
      const whole = prepared(kernel, "views");
      const [inParts] = convWeightGradientCases.operator.shape(whole.inputs, { ...whole.attrs, parts });
      const outputs = [{ ...inParts, view: wholeView(inParts) }] as const;
      const call = { ...whole, outputs, attrs: { ...whole.attrs, parts } };
      const [result] = await runKernel(gpu, { kernel, call, inputs: data });
      const [output] = whole.outputs;
      const count = elementCount(output!.shape);
      const sums = Float32Array.from({ length: count }, (_, i) => {
        const terms = Array.from({ length: parts }, (_, part) => result![part * count + i]!);
        return terms.reduce((sum, term) => sum + term, 0);
      });
      compare(kernel.name, { shape: output!.shape, dtype: "f32" }, sums, expected[0]!);
      if (!few.includes(entry.why)) return;
      const [same] = await runKernel(gpu, { kernel: tiled, call, inputs: data });
      const magnitude = Float64Array.from(same!, (_, i) => expected[0]!.magnitude[i % count]!);
      compare(`${kernel.name}, part by part`, inParts!, result!, { data: Float64Array.from(same!), magnitude });
    });
  }
});

interface Chosen {
  readonly attrs?: Partial<ConvWeightGradientAttributes>;
  readonly device?: Partial<DeviceTraits>;
  readonly dtype?: Storage;
}

/** What is preferred for a 3x3 convolution with padding 1, unless told otherwise. */
function preferred(x: Shape, outChannels: number, { attrs: given, device, dtype = "f32" }: Chosen = {}): string {
  const [items, , ...sizes] = x as [number, number, ...number[]];
  const gy = [items, outChannels, ...sizes];
  const attrs = {
    ...{ kernel: [3, 3], stride: [1, 1], padding: [1, 1, 1, 1], dilation: [1, 1], groups: 1, parts: 1 },
    ...given,
  };
  const operand = (type: TensorType): Operand => ({ ...type, view: wholeView(type) });
  const inputs = [operand({ shape: x, dtype }), operand({ shape: gy, dtype })] as const;
  const [inParts] = convWeightGradient.shape(inputs, attrs);
  const call = { inputs, outputs: [operand(inParts)] as const, attrs, epilogue: noEpilogue };
  const traits: DeviceTraits = { ...deviceTraits(gpu), kind: "hardware", ...device };
  const name = convWeightGradient.prefer!(call, traits);
  const candidates = [...convWeightGradient.kernels, ...convWeightGradient.decompositions!];
  expect(candidates.find((candidate) => candidate.name === name)?.applies(call, traits), name).toBe(true);
  return name;
}

test("hardware gets the largest tile that it fills, and the fewest parts that occupy it", () => {
  expect(preferred([4, 512, 16, 16], 512)).toBe("convWeightGradient/gemm-128x64");
  expect(preferred([4, 64, 56, 56], 64)).toBe("convWeightGradient/split32");
  expect(preferred([4, 64, 56, 56], 64, { dtype: "f16" })).toBe("convWeightGradient/split32");
  expect(preferred([4, 64, 56, 56], 64, { attrs: { parts: 32 } })).toBe("convWeightGradient/gemm-64x64");
  expect(preferred([4, 128, 5, 5], 128)).toBe("convWeightGradient/gemm-16x64");
  expect(preferred([4, 8, 160, 160], 2)).toBe("convWeightGradient/split64");
  expect(preferred([4, 8, 160, 160], 2, { attrs: { parts: 64 } })).toBe("convWeightGradient/gemm-16x64");
});

test("depthwise kernels, software, and devices of small workgroups get none", () => {
  const none = expect.not.stringContaining("gemm");
  const inParts = { parts: 8 };
  expect(preferred([4, 64, 56, 56], 64, { attrs: { groups: 64, ...inParts } })).toEqual(none);
  expect(preferred([4, 64, 56, 56], 64, { attrs: inParts, device: { kind: "software" } })).toEqual(none);
  expect(preferred([4, 64, 56, 56], 64, { attrs: inParts, device: { maxWorkgroupInvocations: 32 } })).toEqual(none);
  expect(preferred([4, 64, 56, 56], 64, { attrs: inParts })).toContain("gemm");
});
