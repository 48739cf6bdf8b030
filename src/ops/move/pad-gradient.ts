// The gradient of padding with copies of the tensor's own elements. Not for users.
import { padGradientSpec, padGradient as shader } from "../../../shaders/move/pad-grad.wgsl.ts";
import { elementCount } from "../../tensor.ts";
import { operandBytes } from "../cost.ts";
import type { Kernel, Operator } from "../operator.ts";
import { params } from "../parameters.ts";
import { floatType, storageOf } from "../walk/operands.ts";
import { flatGrid, strided, walk } from "../walk/strided.ts";

export interface PadGradientAttributes {
  readonly begin: readonly number[];
  readonly end: readonly number[];
  readonly mode: "reflect" | "replicate";
}

const gather: Kernel<PadGradientAttributes> = {
  name: "padGradient/gather",
  applies: () => true,
  views: "all",
  dispatches(call, device) {
    const [gy, gx] = [call.inputs[0], call.outputs[0]];
    const { begin, end, mode } = call.attrs;
    const plan = walk(gx.shape, { gx: strided(gx) }, { join: false, vectors: false });
    const from = strided(gy);
    const values: Record<string, number> = { ...plan.values, gy_offset: from.offset };
    for (let axis = 0; axis < plan.template.rank; axis++) {
      values[`begin${axis}`] = begin[axis] ?? 0;
      values[`gx_size${axis}`] = gx.shape[axis] ?? 1;
      values[`gy_size${axis}`] = gy.shape[axis] ?? 1;
      values[`gy_stride${axis}`] = from.strides[axis] ?? 1;
    }
    const padded = [...begin.keys()].filter((axis) => begin[axis]! + end[axis]! > 0);
    const template = { ...plan.template, mode, padded, storage: storageOf(call) };
    return [
      {
        code: shader(template),
        bindings: [{ input: 0 }, { output: 0 }],
        params: params(padGradientSpec(template), values),
        workgroups: flatGrid(plan.count, device),
      },
    ];
  },
};

/**
 * Gives each element the gradients of its copies.
 * - gy: [...]; output: size - begin - end along each axis.
 */
export const padGradient: Operator<PadGradientAttributes, PadGradientAttributes> = {
  name: "padGradient",
  attributes: (given) => given,
  shape([gy], { begin, end }) {
    const shape = gy.shape.map((size, axis) => size - begin[axis]! - end[axis]!);
    return [{ shape, dtype: floatType("padGradient", [gy]) }];
  },
  cost: (call) => ({ flop: elementCount(call.inputs[0].shape), bytes: operandBytes(call) }),
  kernels: [gather],
};
