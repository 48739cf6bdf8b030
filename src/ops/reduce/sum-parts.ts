// The sum of partial results that lie one after another along the channels. Not for users: convolutions whose channels are
// split end with it.
import { sumParts as sumPartsShader, sumPartsSpec } from "../../../shaders/reduce/sum-parts.wgsl.ts";
import { ShapeError } from "../../errors.ts";
import { elementCount, formatShape } from "../../tensor.ts";
import { operandBytes } from "../cost.ts";
import type { Kernel, Operator } from "../operator.ts";
import { params } from "../parameters.ts";
import { epilogueBindings, epilogueOperands, epilogueTemplate, floatType } from "../walk/operands.ts";
import { flatGrid, strided, walk } from "../walk/strided.ts";

export interface SumPartsAttributes {
  readonly parts: number;
}

const strides: Kernel<SumPartsAttributes> = {
  name: "sumParts/strided",
  applies: () => true,
  views: [0],
  residualInPlace: true,
  dispatches(call, device) {
    const { inputs, outputs, attrs } = call;
    const [[x], [y]] = [inputs, outputs];
    const [, residual = y] = epilogueOperands(call);
    const channel = { offset: 0, strides: y.shape.map((_, axis) => (axis === 1 ? 1 : 0)) };
    const plan = walk(y.shape, { x: strided(x), c: channel, residual: strided(residual), y: strided(y) });
    const partStride = elementCount(y.shape.slice(1)) / plan.template.arrays.x;
    return [
      {
        code: sumPartsShader({ ...plan.template, ...epilogueTemplate(call) }),
        bindings: epilogueBindings(call, 1),
        params: params(sumPartsSpec(plan.template), { ...plan.values, parts: attrs.parts, part_stride: partStride }),
        workgroups: flatGrid(plan.count, device),
      },
    ];
  },
};

/**
 * Adds up parts: output[n, k, ...] = sum over s of x[n, s*K + k, ...], in order.
 * - x: [N, parts*K, ...]; output: [N, K, ...]
 * - epilogue: bias, residual and activation are computed in the same dispatch.
 * Throws ShapeError unless the channels are a multiple of the parts.
 */
export const sumParts: Operator<SumPartsAttributes, SumPartsAttributes> = {
  name: "sumParts",
  epilogue: true,
  attributes: (given) => given,
  shape(inputs, { parts }) {
    const [{ shape }] = inputs;
    const [items, channels, ...rest] = shape as [number, number, ...number[]];
    if (channels % parts !== 0)
      throw new ShapeError(`sumParts: x has shape ${formatShape(shape)}, expected channels a multiple of ${parts}`);
    return [{ shape: [items, channels / parts, ...rest], dtype: floatType("sumParts", inputs) }];
  },
  cost: (call) => ({ flop: elementCount(call.inputs[0].shape), bytes: operandBytes(call) }),
  kernels: [strides],
};
