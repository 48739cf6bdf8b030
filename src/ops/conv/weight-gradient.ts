// d(loss)/d(weight) of convolutions, and by the same sums of transposed ones. Not for users.
import { convWeightGrad, convWeightGradWorkgroup } from "../../../shaders/conv/weight-grad.wgsl.ts";
import { convWeightGradTiled } from "../../../shaders/conv/weight-grad-tiled.wgsl.ts";
import { elementCount } from "../../tensor.ts";
import { operandBytes } from "../cost.ts";
import type { DeviceTraits } from "../device-traits.ts";
import { cast } from "../elementwise/cast.ts";
import { spread } from "../grid.ts";
import { reshape } from "../move/reshape.ts";
import type { Decomposition, Kernel, Operator } from "../operator.ts";
import { sumParts } from "../reduce/sum-parts.ts";
import { floatType, isAligned } from "../walk/operands.ts";
import { convSizes } from "./sizes.ts";
import {
  type ConvWeightGradientAttributes,
  forwardCall,
  gradientParams,
  isUnrolled,
  splitApplies,
  splits,
  template,
  type WeightGradientCall,
  weightShape,
} from "./weight-call.ts";
import { preferWeightGemm, weightGemmKernels } from "./weight-gemm.ts";
import { subgroup, subgroupWorkgroups } from "./weight-subgroup.ts";

const direct: Kernel<ConvWeightGradientAttributes> = {
  name: "convWeightGradient/direct",
  applies: ({ attrs }) => attrs.parts === 1,
  views: [0, 1],
  dispatches(call, device) {
    const elements = elementCount(weightShape(call));
    return [
      {
        code: convWeightGrad(template(call)),
        bindings: [{ input: 0 }, { input: 1 }, { output: 0 }],
        params: gradientParams(call),
        workgroups: [...spread(Math.ceil(elements / convWeightGradWorkgroup), device), 1],
      },
    ];
  },
};

/** More accumulators than this slow compilers down. */
const mostCells = 36;

/** The register tile: output channels and kernel rows. */
function tileOf(call: WeightGradientCall): { outChannels: number; rows: number } {
  const { groupOutChannels, kernelWidth } = convSizes(forwardCall(call));
  const outChannels = [4, 3, 2].find((count) => groupOutChannels % count === 0) ?? 1;
  // Of a volume's kernel one slice: SwiftShader takes minutes and gigabytes for more.
  const sliceRows = call.attrs.kernel.at(-2)!;
  const rows = outChannels * sliceRows * kernelWidth <= mostCells ? sliceRows : 1;
  return { outChannels, rows };
}

function tiledInvocations(call: WeightGradientCall): number {
  const { outChannels, rows } = tileOf(call);
  return elementCount(weightShape(call)) / (outChannels * rows * call.attrs.kernel.at(-1)!);
}

const tiled: Kernel<ConvWeightGradientAttributes> = {
  name: "convWeightGradient/tiled",
  applies: isUnrolled,
  views: [0, 1],
  dispatches(call, device) {
    const { kernelWidth, outWidth } = convSizes(forwardCall(call));
    const { parts, stride, dilation } = call.attrs;
    const code = convWeightGradTiled({
      ...template(call),
      ...tileOf(call),
      kernelWidth,
      strideWidth: stride.at(-1)!,
      dilationWidth: dilation.at(-1)!,
      aligned: isAligned(call.inputs[1]!, outWidth),
    });
    const workgroups = Math.ceil((tiledInvocations(call) * parts) / convWeightGradWorkgroup);
    return [
      {
        code,
        bindings: [{ input: 0 }, { input: 1 }, { output: 0 }],
        params: gradientParams(call),
        workgroups: [...spread(workgroups, device), 1],
      },
    ];
  },
};

/** Invocations of the tiled kernel that occupy a device: a guess for GPUs until one has been tuned. */
const enoughInvocations = { software: 512, hardware: 32768 } as const;
/** Workgroups of the subgroup kernel that do. */
const enoughWorkgroups = 16;

function splitFor(call: WeightGradientCall, device: DeviceTraits): number {
  const { items, outHeight } = convSizes(forwardCall(call));
  const occupied = subgroup.applies(call, device)
    ? subgroupWorkgroups(call) / enoughWorkgroups
    : tiledInvocations(call) / enoughInvocations[device.kind];
  const possible = [1, ...splits].filter((parts) => parts <= items * outHeight);
  return possible.find((parts) => parts * occupied >= 1) ?? possible.at(-1)!;
}

/** `convWeightGradient/split2` to `/split64`: rows of the output in parts that are summed on their own, then added in order. */
function split(parts: number): Decomposition<ConvWeightGradientAttributes> {
  return {
    name: `convWeightGradient/split${parts}`,
    applies: (call) => splitApplies(parts, call),
    build({ inputs: [x, gy], apply }, call) {
      const sums = apply("parts", convWeightGradient, [x!, gy!], { ...call.attrs, parts });
      const sum = apply("sum", sumParts, [sums], { parts });
      const weight = apply("weight", reshape, [sum], { shape: weightShape(call) });
      const { dtype } = call.inputs[0]!;
      return dtype === "f32" ? weight : apply("stored", cast, [weight], { to: dtype });
    },
  };
}

/**
 * d(loss)/d(weight) of a convolution: gw[k, c, r, s] = sum over n, p, q of gy[n, k, p, q] * x[n, c, p*stride + r*dilation - pad, ..].
 * - x: [N, C, H, W]; gy: [N, K, P, Q]; output: [K, C/groups, R, S]; volumes too
 * For a transposed convolution, x is its gy and gy its x.
 */
export const convWeightGradient: Operator<ConvWeightGradientAttributes, ConvWeightGradientAttributes> = {
  name: "convWeightGradient",
  attributes: (given) => given,
  shape(inputs, attrs) {
    const dtype = floatType("convWeightGradient", inputs);
    const [x, gy] = inputs;
    const shape = [gy!.shape[1]!, x!.shape[1]! / attrs.groups, ...attrs.kernel];
    if (attrs.parts === 1) return [{ shape, dtype }];
    return [{ shape: [1, attrs.parts * shape[0]!, ...shape.slice(1)], dtype: "f32" }];
  },
  cost(call) {
    const [, gy] = call.inputs;
    const terms = elementCount(gy!.shape) / gy!.shape[1]!;
    return { flop: 2 * terms * elementCount(weightShape(call)), bytes: operandBytes(call) };
  },
  kernels: [direct, ...weightGemmKernels, tiled, subgroup],
  decompositions: splits.map(split),
  prefer(call, device) {
    const gemm = preferWeightGemm(call, device);
    if (gemm !== undefined) return gemm;
    if (!isUnrolled(call)) return direct.name;
    const parts = call.attrs.parts === 1 ? splitFor(call, device) : 1;
    if (parts > 1) return `convWeightGradient/split${parts}`;
    return subgroup.applies(call, device) ? subgroup.name : tiled.name;
  },
};
