// d(loss)/d(weight) of convolutions, and by the same sums of transposed ones. Not for users.
import { convWeightGrad, convWeightGradWorkgroup } from "../../../shaders/conv/weight-grad.wgsl.ts";
import { convWeightGradTiled } from "../../../shaders/conv/weight-grad-tiled.wgsl.ts";
import { elementCount } from "../../tensor.ts";
import { operandBytes } from "../cost.ts";
import type { DeviceTraits } from "../device-traits.ts";
import { cast } from "../elementwise/cast.ts";
import { spread } from "../grid.ts";
import { reshape } from "../move/reshape.ts";
import type { Decomposition, Operator } from "../operator.ts";
import { sumParts } from "../reduce/sum-parts.ts";
import { floatType, isAligned } from "../walk/operands.ts";
import type { ConvCall } from "./rules.ts";
import { convSizes, isVolume, lastTwo } from "./sizes.ts";
import {
  type ConvWeightGradientAttributes,
  forwardCall,
  gradientDispatches,
  isUnrolled,
  splitApplies,
  splits,
  template,
  type WeightGradientCall,
  type WeightGradientKernel,
  weightShape,
} from "./weight-call.ts";
import { preferWeightGemm, weightGemmKernels } from "./weight-gemm.ts";
import { subgroup, subgroupWorkgroups } from "./weight-subgroup.ts";

const direct: WeightGradientKernel = {
  name: "convWeightGradient/direct",
  applies: ({ attrs }) => attrs.parts === 1,
  views: [0, 1],
  dispatches(call, device) {
    const workgroups = Math.ceil(elementCount(weightShape(call.inputs, call.attrs)) / convWeightGradWorkgroup);
    return gradientDispatches(call, convWeightGrad(template(call)), [...spread(workgroups, device), 1]);
  },
};

/** More accumulators than this slow compilers down. */
const mostCells = 36;

/** Elements of a volume that an invocation holds at once: SwiftShader takes minutes and gigabytes to compile more. */
const mostElements = 30;

/** The register tile: output channels and kernel rows. */
function tileOf(call: WeightGradientCall): { outChannels: number; rows: number } {
  const forward = forwardCall(call);
  const { groupOutChannels, kernelWidth } = convSizes(forward);
  const outChannels = [4, 3, 2].find((count) => groupOutChannels % count === 0) ?? 1;
  // Of a volume's kernel one slice at most, or half of one.
  const [sliceRows] = lastTwo(call.attrs.kernel);
  const fits = (rows: number) =>
    Number.isInteger(rows) &&
    outChannels * rows * kernelWidth <= mostCells &&
    (!isVolume(forward) || rows * columnsOf(forward) <= mostElements);
  return { outChannels, rows: [sliceRows, sliceRows / 2].find(fits) ?? 1 };
}

/** Columns of x that four neighbouring outputs read. */
function columnsOf(forward: ConvCall): number {
  const { kernelWidth, stride, dilation } = convSizes(forward);
  const columns = [0, 1, 2, 3].flatMap((i) =>
    Array.from({ length: kernelWidth }, (_, s) => i * stride[2] + s * dilation[2]),
  );
  return new Set(columns).size;
}

function tiledInvocations(call: WeightGradientCall): number {
  const { outChannels, rows } = tileOf(call);
  const [, columns] = lastTwo(call.attrs.kernel);
  return elementCount(weightShape(call.inputs, call.attrs)) / (outChannels * rows * columns);
}

const tiled: WeightGradientKernel = {
  name: "convWeightGradient/tiled",
  applies: isUnrolled,
  views: [0, 1],
  dispatches(call, device) {
    const { kernelWidth, outWidth, stride, dilation } = convSizes(forwardCall(call));
    const code = convWeightGradTiled({
      ...template(call),
      ...tileOf(call),
      kernelWidth,
      strideWidth: stride[2],
      dilationWidth: dilation[2],
      aligned: isAligned(call.inputs[1], outWidth),
    });
    const workgroups = Math.ceil((tiledInvocations(call) * call.attrs.parts) / convWeightGradWorkgroup);
    return gradientDispatches(call, code, [...spread(workgroups, device), 1]);
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
  return possible.find((parts) => parts * occupied >= 1) ?? Math.max(...possible);
}

/** `convWeightGradient/split2` to `/split64`: rows of the output in parts that are summed on their own, then added in order. */
function split(parts: number): Decomposition<ConvWeightGradientAttributes, 2> {
  return {
    name: `convWeightGradient/split${parts}`,
    applies: (call) => splitApplies(parts, call),
    build({ inputs: [x, gy], apply }, call) {
      const sums = apply("parts", convWeightGradient, [x, gy], { ...call.attrs, parts });
      const sum = apply("sum", sumParts, [sums], { parts });
      const weight = apply("weight", reshape, [sum], { shape: weightShape(call.inputs, call.attrs) });
      const { dtype } = call.inputs[0];
      return dtype === "f32" ? weight : apply("stored", cast, [weight], { to: dtype });
    },
  };
}

/**
 * d(loss)/d(weight) of a convolution: gw[k, c, r, s] = sum over n, p, q of gy[n, k, p, q] * x[n, c, p*stride + r*dilation - pad, ..].
 * - x: [N, C, H, W]; gy: [N, K, P, Q]; output: [K, C/groups, R, S]; volumes too
 * For a transposed convolution, x is its gy and gy its x.
 */
export const convWeightGradient: Operator<ConvWeightGradientAttributes, ConvWeightGradientAttributes, 2> = {
  name: "convWeightGradient",
  attributes: (given) => given,
  shape(inputs, attrs) {
    const dtype = floatType("convWeightGradient", inputs);
    const [outChannels, ...filter] = weightShape(inputs, attrs);
    if (attrs.parts === 1) return [{ shape: [outChannels, ...filter], dtype }];
    return [{ shape: [1, attrs.parts * outChannels, ...filter], dtype: "f32" }];
  },
  cost(call) {
    const [, ...filter] = weightShape(call.inputs, call.attrs);
    return { flop: 2 * elementCount(call.inputs[1].shape) * elementCount(filter), bytes: operandBytes(call) };
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
