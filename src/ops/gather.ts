// Slices of a tensor, chosen by an index.
import { gatherShader, gatherSpec } from "../../shaders/gather.wgsl.ts";
import { ShapeError } from "../errors.ts";
import { byteLength } from "../tensor.ts";
import { requireAxis, resolveAxis } from "./axes.ts";
import { gatherGradient } from "./gather-gradient.ts";
import { wordType } from "./operands.ts";
import { type Kernel, type Operator, params } from "./operator.ts";
import { flatGrid, strided, walk } from "./strided.ts";

export interface GatherAttributes {
  readonly axis: number;
}

export interface GatherGiven {
  /** Default 0; negative counts from the end. */
  readonly axis?: number;
}

const strides: Kernel<GatherAttributes> = {
  name: "gather/strided",
  applies: () => true,
  views: "all",
  dispatches(call, device) {
    const [x, index, y] = [call.inputs[0]!, call.inputs[1]!, call.outputs[0]!];
    const axis = resolveAxis("gather", call.attrs.axis, x.shape);
    const [data, indices] = [strided(x), strided(index)];
    const [before, after] = [data.strides.slice(0, axis), data.strides.slice(axis + 1)];
    const still = (strides: readonly number[]) => strides.map(() => 0);
    const plan = walk(
      y.shape,
      {
        x: { offset: data.offset, strides: [...before, ...still(indices.strides), ...after] },
        index: { offset: indices.offset, strides: [...still(before), ...indices.strides, ...still(after)] },
        y: strided(y),
      },
      { vectors: false },
    );
    const values = { ...plan.values, axis_size: x.shape[axis]!, axis_stride: data.strides[axis]! };
    return [
      {
        code: gatherShader({ ...plan.template, word: wordType(x.dtype) }),
        bindings: [{ input: 0 }, { input: 1 }, { output: 0 }],
        params: params(gatherSpec(plan.template), values),
        workgroups: flatGrid(plan.count, device),
      },
    ];
  },
};

/**
 * Takes slices of a tensor along an axis, in the order of an index.
 * - x: [...]; index: i32 [...], negative ones count from the end, those beyond the axis take its nearest element;
 *   output: x's shape with that of the index in the axis' place.
 * - gradient: goes to the slices that were taken, added up in the order of the index. It keeps the index.
 * Throws ShapeError unless x has the axis and the index is i32.
 * Source: https://onnx.ai/onnx/operators/onnx__Gather.html
 */
export const gather: Operator<GatherAttributes, GatherGiven> = {
  name: "gather",
  attributes: ({ axis = 0 }) => ({ axis: requireAxis("gather", axis) }),
  shape(inputs, attrs) {
    const [x, index] = [inputs[0]!, inputs[1]!];
    if (index.dtype !== "i32") throw new ShapeError(`gather: input 1 is ${index.dtype}, expected i32`);
    const axis = resolveAxis("gather", attrs.axis, x.shape);
    return [{ shape: [...x.shape.slice(0, axis), ...index.shape, ...x.shape.slice(axis + 1)], dtype: x.dtype }];
  },
  // Reads as much of x as it writes.
  cost: (call) => ({ flop: 0, bytes: 2 * byteLength(call.outputs[0]!) + byteLength(call.inputs[1]!) }),
  kernels: [strides],
  gradient({ inputs, outputGradients, attrs, type, apply }) {
    const { shape } = type(inputs[0]!);
    return [apply(gatherGradient, [outputGradients[0]!, inputs[1]!], { ...attrs, shape })];
  },
};
