// Another type for the same numbers.
import { castShader } from "../../shaders/cast.wgsl.ts";
import { type DType, elementCount } from "../tensor.ts";
import { type Kernel, type Operator, operandBytes } from "./operator.ts";
import { flatGrid, strided, walk, walkParams } from "./strided.ts";

export interface CastAttributes {
  readonly to: DType;
}

const strides: Kernel<CastAttributes> = {
  name: "cast/strided",
  applies: () => true,
  views: "all",
  dispatches(call, device) {
    const [x, y] = [call.inputs[0]!, call.outputs[0]!];
    const plan = walk(y.shape, { x: strided(x), y: strided(y) });
    return [
      {
        code: castShader({ ...plan.template, from: x.dtype, to: y.dtype }),
        bindings: [{ input: 0 }, { output: 0 }],
        params: walkParams(plan),
        workgroups: flatGrid(plan.count, device),
      },
    ];
  },
};

/**
 * Converts each element: to integers towards zero, saturating; to f16 to the nearest, saturating at 65504.
 * - x, output: [...]
 * Source: https://onnx.ai/onnx/operators/onnx__Cast.html
 */
export const cast: Operator<CastAttributes, CastAttributes> = {
  name: "cast",
  attributes: (given) => given,
  shape: (inputs, { to }) => [{ shape: inputs[0]!.shape, dtype: to }],
  cost: (call) => ({ flop: elementCount(call.outputs[0]!.shape), bytes: operandBytes(call) }),
  kernels: [strides],
};
