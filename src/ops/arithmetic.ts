// Elementwise arithmetic of two tensors.
import { type ArithmeticTemplate, arithmetic } from "../../shaders/arithmetic.wgsl.ts";
import { elementCount, type Shape } from "../tensor.ts";
import { broadcastShape } from "./axes.ts";
import { floatType, storageOf } from "./operands.ts";
import { type Kernel, type Operand, type Operator, operandBytes } from "./operator.ts";
import { flatGrid, type Strided, strided, walk, walkParams } from "./strided.ts";

/**
 * Sum of two tensors.
 * - a, b: [...]; output: the shape both broadcast to, as in NumPy: aligned at the last axis, a size of 1 repeats.
 * Throws ShapeError unless both are f32 and broadcast. Source: https://pytorch.org/docs/stable/generated/torch.add.html
 */
export const add: Operator = { ...createArithmetic("add", "+"), residual: true };

/** Difference a - b; see {@link add}. Source: https://pytorch.org/docs/stable/generated/torch.sub.html */
export const sub: Operator = createArithmetic("sub", "-");

/** Product; see {@link add}. Source: https://pytorch.org/docs/stable/generated/torch.mul.html */
export const mul: Operator = createArithmetic("mul", "*");

/** Quotient a / b; see {@link add}. Source: https://pytorch.org/docs/stable/generated/torch.div.html */
export const div: Operator = createArithmetic("div", "/");

function createArithmetic(name: string, symbol: ArithmeticTemplate["symbol"]): Operator {
  const strides: Kernel = {
    name: `${name}/strided`,
    applies: () => true,
    views: "all",
    dispatches(call, device) {
      const [a, b, y] = [call.inputs[0]!, call.inputs[1]!, call.outputs[0]!];
      const plan = walk(y.shape, { a: broadcast(a, y.shape), b: broadcast(b, y.shape), y: strided(y) });
      return [
        {
          code: arithmetic({ ...plan.template, storage: storageOf(call), symbol }),
          bindings: [{ input: 0 }, { input: 1 }, { output: 0 }],
          params: walkParams(plan),
          workgroups: flatGrid(plan.count, device),
        },
      ];
    },
  };
  return {
    name,
    attributes: () => ({}),
    shape(inputs) {
      const dtype = floatType(name, inputs);
      return [{ shape: broadcastShape(name, inputs[0]!.shape, inputs[1]!.shape), dtype }];
    },
    cost: (call) => ({ flop: elementCount(call.outputs[0]!.shape), bytes: operandBytes(call) }),
    kernels: [strides],
  };
}

/** An operand along the axes of a shape that it broadcasts to. */
function broadcast(operand: Operand, shape: Shape): Strided {
  const { offset, strides } = strided(operand);
  const missing = shape.length - operand.shape.length;
  return {
    offset,
    strides: shape.map((_, axis) =>
      axis < missing || operand.shape[axis - missing] === 1 ? 0 : strides[axis - missing]!,
    ),
  };
}
