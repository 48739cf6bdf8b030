// How far predicted probabilities and labels overlap, class by class: what soft Dice is made of.
import { classOverlapShader, classOverlapSpec } from "../../../shaders/loss/class-overlap.wgsl.ts";
import { classOverlapGradientKernel } from "../../../shaders/loss/class-overlap-grad.wgsl.ts";
import { elementCount } from "../../tensor.ts";
import { operandBytes } from "../cost.ts";
import { mul } from "../elementwise/arithmetic.ts";
import type { Kernel, Operand, Operator } from "../operator.ts";
import { params } from "../parameters.ts";
import { floatType, requireF32, storageOf } from "../walk/operands.ts";
import { prefersWorkgroups, rowGrid, rowLanes } from "../walk/rows.ts";
import { strided, walk } from "../walk/strided.ts";
import { firstClass, pixelSizes, requireIgnoreIndex, requireLabels } from "./labels.ts";
import { alongItems, alongPixels, pixelDispatch } from "./pixels.ts";

export interface ClassOverlapAttributes {
  readonly ignoreIndex: number;
  readonly squared: boolean;
}

export interface ClassOverlapGiven {
  /** The index of pixels that do not count. Default 255. */
  readonly ignoreIndex?: number;
  /** Whether `predicted` sums squares. Default false. */
  readonly squared?: boolean;
}

function labelValues({ shape: [, channels = 1] }: Operand, ignoreIndex: number) {
  const first = firstClass(channels);
  return { classes: first + channels, ignore_index: ignoreIndex, first_class: first };
}

function overlapping(name: string, lanes: number): Kernel<ClassOverlapAttributes, 2, 3> {
  return {
    name: `classOverlap/${name}`,
    applies: () => true,
    views: "all",
    dispatches(call, device) {
      const [q, labels] = call.inputs;
      const [intersection, predicted, labelled] = call.outputs;
      const pixels = pixelSizes(labels)[1];
      const { template, count, values } = walk<string>(
        intersection.shape,
        {
          q: { offset: q.view.offset, strides: [q.view.batchStride, pixels] },
          labels: alongItems(labels),
          intersection: strided(intersection),
          predicted: strided(predicted),
          labelled: strided(labelled),
        },
        { vectors: false, join: false },
      );
      const { ignoreIndex, squared } = call.attrs;
      return [
        {
          code: classOverlapShader({ ...template, storage: storageOf(call), squared, lanes }),
          bindings: [{ input: 0 }, { input: 1 }, { output: 0 }, { output: 1 }, { output: 2 }],
          params: params(classOverlapSpec(template), { ...values, ...labelValues(q, ignoreIndex), pixels }),
          workgroups: rowGrid(count, lanes, device),
        },
      ];
    },
  };
}

/**
 * Sums over the pixels of each item, channel by channel, leaving out those whose label is ignored.
 * - q: probabilities [N, C, ...]; labels: u32 class indices [N, ...]; with one channel, it is that of class 1.
 * - outputs, each f32 [N, C] whatever q's type: `intersection`, the sum of q where the label is the channel's class; `predicted`,
 *   the sum of q, or of its square; `labelled`, the number of labels of that class.
 * - indices that are neither a class nor ignored make the sums NaN.
 * - gradient: of intersection and predicted for q, in one dispatch, from q itself.
 * Throws ShapeError unless q is [N, C, ...] and labels fit it.
 */
export const classOverlap: Operator<ClassOverlapAttributes, ClassOverlapGiven, 2, 3> = {
  name: "classOverlap",
  attributes: ({ squared = false, ignoreIndex }) => ({
    ignoreIndex: requireIgnoreIndex("classOverlap", ignoreIndex),
    squared,
  }),
  shape([q, labels]) {
    floatType("classOverlap", [q]);
    requireLabels("classOverlap", q, labels);
    const sums = { shape: q.shape.slice(0, 2), dtype: "f32" } as const;
    return [sums, sums, sums];
  },
  cost: (call) => ({ flop: 3 * elementCount(call.inputs[0].shape), bytes: operandBytes(call) }),
  kernels: [overlapping("columns", 1), overlapping("rows", rowLanes)],
  prefer(call, device) {
    const terms = pixelSizes(call.inputs[1])[1];
    const rows = elementCount(call.outputs[0].shape);
    return prefersWorkgroups(device, { rows, terms, contiguous: true }) ? "classOverlap/rows" : "classOverlap/columns";
  },
  gradient({ inputs, outputs, outputGradients: [intersection, predicted], attrs, apply, constant }) {
    const none = () => apply(mul, [outputs[2], constant(0)], {});
    if (!intersection && !predicted) return [];
    return [apply(classOverlapGradient, [intersection ?? none(), predicted ?? none(), ...inputs], attrs)];
  },
};

const pixels: Kernel<ClassOverlapAttributes, 4> = {
  name: "classOverlapGradient/pixels",
  applies: () => true,
  views: "all",
  dispatches(call, device) {
    const [gi, gp, q, labels] = call.inputs;
    const [, channels = 1] = q.shape;
    const { ignoreIndex, squared } = call.attrs;
    return [
      pixelDispatch(device, {
        labels,
        storage: floatType("classOverlapGradient", [q]),
        arrays: {
          gi: alongItems(gi),
          gp: alongItems(gp),
          q: alongPixels(q),
          labels: alongPixels(labels),
          gq: alongPixels(call.outputs[0]),
        },
        kernel: () => classOverlapGradientKernel({ squared }),
        values: { ...labelValues(q, ignoreIndex), channels, class_stride: pixelSizes(labels)[1] },
        reads: squared ? [0, 1, 2, 3] : [0, 1, 3],
      }),
    ];
  },
};

/**
 * d(loss)/dq of {@link classOverlap}. Not for users.
 * - gi, gp: f32 [N, C], of intersection and predicted; q, which is read of squares alone, and labels as there; output: of q's shape and type
 */
export const classOverlapGradient: Operator<ClassOverlapAttributes, ClassOverlapAttributes, 4> = {
  name: "classOverlapGradient",
  attributes: (given) => given,
  shape([gi, gp, q, labels]) {
    requireF32("classOverlapGradient", [gi, gp], [0, 1]);
    requireLabels("classOverlapGradient", q, labels);
    return [{ shape: q.shape, dtype: floatType("classOverlapGradient", [q]) }];
  },
  cost: (call) => ({ flop: 2 * elementCount(call.outputs[0].shape), bytes: operandBytes(call) }),
  fullInputs: [0, 1],
  kernels: [pixels],
};
