// Activations as operators of their own, for where no kernel's epilogue can take them.
import { activations } from "../../shaders/activations.wgsl.ts";
import { ShapeError } from "../errors.ts";
import { elementCount } from "../tensor.ts";
import type { Activation } from "./activation.ts";
import { floatType, storageOf } from "./operands.ts";
import { type Kernel, type Operator, operandBytes } from "./operator.ts";
import { flatGrid, strided, walk, walkParams } from "./strided.ts";

export interface LeakyReluGiven {
  /** Factor of negative values. Default 0.01. */
  readonly slope?: number;
}

/**
 * The larger of x and 0.
 * - x, output: [...]; NaN stays NaN.
 * Throws ShapeError unless x is f32. Source: https://pytorch.org/docs/stable/generated/torch.nn.ReLU.html
 */
export const relu = createActivation("relu", { attributes: () => ({}), activation: () => ({ kind: "relu" }) });

/**
 * x where it is at least 0, slope * x elsewhere.
 * - x, output: [...]; NaN stays NaN.
 * Throws ShapeError unless x is f32 and the slope finite.
 * Source: https://pytorch.org/docs/stable/generated/torch.nn.LeakyReLU.html
 */
export const leakyRelu = createActivation<Required<LeakyReluGiven>, LeakyReluGiven>("leakyRelu", {
  attributes({ slope = 0.01 }) {
    if (!Number.isFinite(slope)) throw new ShapeError(`leakyRelu: slope is ${slope}, expected a finite number`);
    return { slope };
  },
  activation: ({ slope }) => ({ kind: "leaky-relu", slope }),
});

/**
 * 1 / (1 + exp(-x)).
 * - x, output: [...]; NaN stays NaN, large values give 0 and 1.
 * Throws ShapeError unless x is f32. Source: https://pytorch.org/docs/stable/generated/torch.nn.Sigmoid.html
 */
export const sigmoid = createActivation("sigmoid", { attributes: () => ({}), activation: () => ({ kind: "sigmoid" }) });

function createActivation<A extends object, G extends object>(
  name: string,
  own: { attributes(given: G): A; activation(attrs: A): Activation },
): Operator<A, G> {
  const strides: Kernel<A> = {
    name: `${name}/strided`,
    applies: () => true,
    views: "all",
    dispatches(call, device) {
      const [x, y] = [call.inputs[0]!, call.outputs[0]!];
      const plan = walk(y.shape, { x: strided(x), y: strided(y) });
      return [
        {
          code: activations({ ...plan.template, storage: storageOf(call), activation: own.activation(call.attrs) }),
          bindings: [{ input: 0 }, { output: 0 }],
          params: walkParams(plan),
          workgroups: flatGrid(plan.count, device),
        },
      ];
    },
  };
  return {
    name,
    ...own,
    shape(inputs) {
      const dtype = floatType(name, inputs);
      return [{ shape: inputs[0]!.shape, dtype }];
    },
    cost: (call) => ({ flop: elementCount(call.outputs[0]!.shape), bytes: operandBytes(call) }),
    kernels: [strides],
  };
}
