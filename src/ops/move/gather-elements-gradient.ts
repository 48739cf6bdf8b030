// The gradient of gathered elements. Not for users.
import {
  gatherElementsGradientSpec,
  gatherElementsGradient as shader,
} from "../../../shaders/move/gather-elements-grad.wgsl.ts";
import { elementCount } from "../../tensor.ts";
import { operandBytes } from "../cost.ts";
import type { Kernel, Operator } from "../operator.ts";
import { params } from "../parameters.ts";
import { resolveAxis } from "../walk/axes.ts";
import { requireF32 } from "../walk/operands.ts";
import { flatGrid, strided, walk } from "../walk/strided.ts";

export interface GatherElementsGradientAttributes {
  readonly axis: number;
  /** Of x along the axis. */
  readonly size: number;
}

const lines: Kernel<GatherElementsGradientAttributes, 2> = {
  name: "gatherElementsGradient/lines",
  applies: () => true,
  dispatches({ inputs: [given, index], outputs: [output], attrs }, device) {
    const { shape } = index;
    const axis = resolveAxis("gatherElementsGradient", attrs.axis, shape);
    const [gy, gx] = [strided(given), strided(output)];
    const starts = shape.map((size, a) => (a === axis ? 1 : size));
    const plan = walk(starts, { gy, gx }, { vectors: false });
    const values = {
      ...plan.values,
      size: attrs.size,
      places: shape[axis]!,
      gx_step: gx.strides[axis]!,
      gy_step: gy.strides[axis]!,
    };
    return [
      {
        code: shader(plan.template),
        bindings: [{ input: 0 }, { input: 1 }, { output: 0 }],
        params: params(gatherElementsGradientSpec(plan.template), values),
        workgroups: flatGrid(plan.count, device),
      },
    ];
  },
};

/**
 * Adds the gradient of each gathered element to that of the element it was taken from; of several in the order of the index.
 * Lines along the axis run side by side, what is on one runs in turn. In f16 too its sums lie in f32, since they are in memory.
 * - gy: f32, of the index' shape; index: i32; output: f32, that shape with `size` elements along the axis
 */
export const gatherElementsGradient: Operator<GatherElementsGradientAttributes, GatherElementsGradientAttributes, 2> = {
  name: "gatherElementsGradient",
  attributes: (given) => given,
  shape([gy, index], { axis: given, size }) {
    requireF32("gatherElementsGradient", [gy], [0]);
    const axis = resolveAxis("gatherElementsGradient", given, index.shape);
    return [{ shape: index.shape.with(axis, size), dtype: "f32" }];
  },
  cost: (call) => ({ flop: elementCount(call.inputs[0].shape), bytes: operandBytes(call) }),
  fullInputs: [0],
  kernels: [lines],
};
