// Slices of a tensor, chosen by an index.
import { gatherShader, gatherSpec } from "../../../shaders/move/gather.wgsl.ts";
import { ShapeError } from "../../errors.ts";
import { byteLength, formatShape, type TensorType } from "../../tensor.ts";
import type { Cost } from "../cost.ts";
import type { Call, Kernel, Operator } from "../operator.ts";
import { params } from "../parameters.ts";
import { requireAxis, resolveAxis } from "../walk/axes.ts";
import { wordType } from "../walk/operands.ts";
import { flatGrid, type Strided, strided, walk } from "../walk/strided.ts";
import { gatherElementsGradient } from "./gather-elements-gradient.ts";
import { gatherGradient } from "./gather-gradient.ts";
import { pad } from "./slice-pad.ts";

export interface GatherAttributes {
  readonly axis: number;
}

export interface GatherGiven {
  /** Default 0; negative counts from the end. */
  readonly axis?: number;
}

type GatherCall = Call<GatherAttributes, 2>;

/** How the arrays lie along the axes of y; x does not move where the index says where it goes. */
type Lie = (call: GatherCall, axis: number) => Readonly<Record<"x" | "index" | "y", Strided>>;

const stridedKernel = (name: string, lie: Lie): Kernel<GatherAttributes, 2> => ({
  name: `${name}/strided`,
  applies: () => true,
  views: "all",
  dispatches(call, device) {
    const [x, y] = [call.inputs[0], call.outputs[0]];
    const axis = resolveAxis(name, call.attrs.axis, x.shape);
    const plan = walk(y.shape, lie(call, axis), { vectors: false });
    const values = { ...plan.values, axis_size: x.shape[axis]!, axis_stride: strided(x).strides[axis]! };
    return [
      {
        code: gatherShader({ ...plan.template, word: wordType(x.dtype) }),
        bindings: [{ input: 0 }, { input: 1 }, { output: 0 }],
        params: params(gatherSpec(plan.template), values),
        workgroups: flatGrid(plan.count, device),
      },
    ];
  },
});

function requireIndex(name: string, { dtype }: TensorType): void {
  if (dtype !== "i32") throw new ShapeError(`${name}: input 1 is ${dtype}, expected i32`);
}

/** Reads as much of x as it writes. */
function cost({ inputs: [, index], outputs: [y] }: GatherCall): Cost {
  return { flop: 0, bytes: 2 * byteLength(y) + byteLength(index) };
}

const slices: Lie = ({ inputs: [x, index], outputs: [y] }, axis) => {
  const [data, indices] = [strided(x), strided(index)];
  const [before, after] = [data.strides.slice(0, axis), data.strides.slice(axis + 1)];
  const still = (strides: readonly number[]) => strides.map(() => 0);
  return {
    x: { offset: data.offset, strides: [...before, ...still(indices.strides), ...after] },
    index: { offset: indices.offset, strides: [...still(before), ...indices.strides, ...still(after)] },
    y: strided(y),
  };
};

/**
 * Takes slices of a tensor along an axis, in the order of an index.
 * - x: [...]; index: i32 [...], negative ones count from the end, those beyond the axis take its nearest element;
 *   output: x's shape with that of the index in the axis' place.
 * - gradient: goes to the slices that were taken, added up in the order of the index. It keeps the index.
 * Throws ShapeError unless x has the axis and the index is i32.
 * Source: https://onnx.ai/onnx/operators/onnx__Gather.html
 */
export const gather: Operator<GatherAttributes, GatherGiven, 2> = {
  name: "gather",
  attributes: ({ axis = 0 }) => ({ axis: requireAxis("gather", axis) }),
  shape([x, index], attrs) {
    requireIndex("gather", index);
    const axis = resolveAxis("gather", attrs.axis, x.shape);
    return [{ shape: [...x.shape.slice(0, axis), ...index.shape, ...x.shape.slice(axis + 1)], dtype: x.dtype }];
  },
  cost,
  kernels: [stridedKernel("gather", slices)],
  gradient: ({ inputs: [x, index], gy, attrs, type, apply }) => [
    apply(gatherGradient, [gy, index], { ...attrs, shape: type(x).shape }),
  ],
};

const elements: Lie = ({ inputs: [x, index], outputs: [y] }, axis) => {
  const { offset, strides } = strided(x);
  return {
    x: { offset, strides: strides.map((stride, a) => (a === axis ? 0 : stride)) },
    index: strided(index),
    y: strided(y),
  };
};

/**
 * Takes elements of a tensor along an axis, each by an index of its own.
 * - x: [...]; index: i32, of as many axes, none but that one longer than x's; output: the shape of the index. Indices count as
 *   those of {@link gather}.
 * - gradient: goes to the elements that were taken, added up in the order of the index. It keeps the index.
 * Throws ShapeError unless x has the axis and the index is i32 and fits.
 * Source: https://pytorch.org/docs/stable/generated/torch.gather.html
 */
export const gatherElements: Operator<GatherAttributes, GatherGiven, 2> = {
  name: "gatherElements",
  attributes: ({ axis = 0 }) => ({ axis: requireAxis("gatherElements", axis) }),
  shape([x, index], attrs) {
    requireIndex("gatherElements", index);
    const axis = resolveAxis("gatherElements", attrs.axis, x.shape);
    const fits = index.shape.every((size, a) => a === axis || size <= (x.shape[a] ?? 0));
    if (index.shape.length === x.shape.length && fits) return [{ shape: index.shape, dtype: x.dtype }];
    throw new ShapeError(
      `gatherElements: index has shape ${formatShape(index.shape)}, expected the axes of x, none but axis ${axis} longer ` +
        `(input shapes: ${formatShape(x.shape)})`,
    );
  },
  cost,
  kernels: [stridedKernel("gatherElements", elements)],
  gradient({ inputs: [x, index], gy, attrs, type, apply }) {
    const axis = resolveAxis("gatherElements", attrs.axis, type(x).shape);
    const gx = apply(gatherElementsGradient, [gy, index], { axis, size: type(x).shape[axis]! });
    // Lines that the index does not reach.
    const end = type(x).shape.map((size, a) => size - type(gx).shape[a]!);
    if (end.every((size) => size === 0)) return [gx];
    return [apply(pad, [gx], { begin: end.map(() => 0), end })];
  },
};
