// The gradient of gathered slices. Not for users.
import { gatherGradientParams, gatherGradient as shader } from "../../../shaders/move/gather-grad.wgsl.ts";
import { elementCount, type Shape } from "../../tensor.ts";
import { operandBytes } from "../cost.ts";
import type { Kernel, Operator } from "../operator.ts";
import { params } from "../parameters.ts";
import { resolveAxis } from "../walk/axes.ts";
import { floatType, storageOf } from "../walk/operands.ts";
import { flatGrid } from "../walk/strided.ts";

export interface GatherGradientAttributes {
  readonly axis: number;
  /** Of x. */
  readonly shape: Shape;
}

/** Every element looks at the whole index: for indices as short as networks have them. */
const direct: Kernel<GatherGradientAttributes, 2> = {
  name: "gatherGradient/direct",
  applies: () => true,
  dispatches(call, device) {
    const {
      inputs: [, index],
      outputs: [{ shape }],
    } = call;
    const axis = resolveAxis("gatherGradient", call.attrs.axis, shape);
    const count = elementCount(shape);
    const values = {
      count,
      size: shape[axis]!,
      inner: elementCount(shape.slice(axis + 1)),
      places: elementCount(index.shape),
    };
    return [
      {
        code: shader(storageOf(call)),
        bindings: [{ input: 0 }, { input: 1 }, { output: 0 }],
        params: params(gatherGradientParams, values),
        workgroups: flatGrid(count, device),
      },
    ];
  },
};

/**
 * Adds the gradient of each gathered slice to that of the slice it was taken from; of several in the order of the index.
 * - gy: floats, as gather gives them; index: i32; output: `shape`
 */
export const gatherGradient: Operator<GatherGradientAttributes, GatherGradientAttributes, 2> = {
  name: "gatherGradient",
  attributes: (given) => given,
  shape: ([gy], { shape }) => [{ shape, dtype: floatType("gatherGradient", [gy]) }],
  cost: (call) => ({ flop: elementCount(call.inputs[0].shape), bytes: operandBytes(call) }),
  kernels: [direct],
};
