// The kernel of every operator that computes each element of its output from one element of each input.
import { elementwise } from "../../../shaders/elementwise/elementwise.wgsl.ts";
import type { FunctionText } from "../../../shaders/wgsl/functions.ts";
import { type DType, elementCount, type Shape, type TensorType } from "../../tensor.ts";
import { operandBytes } from "../cost.ts";
import type { AtLeast, Call, Kernel, Operator } from "../operator.ts";
import { broadcastShape } from "../walk/axes.ts";
import { allBindings, floatType } from "../walk/operands.ts";
import { broadcast, flatGrid, strided, walk, walkParams } from "../walk/strided.ts";

export interface ElementwiseRecord<A extends object, G extends object, I extends number = number> {
  attributes(given: G): A;
  /** Throws ShapeError for types that the operator does not take. */
  dtype(inputs: AtLeast<TensorType, I>, attrs: A): DType;
  function(call: Call<A, I>): FunctionText;
  readonly extra?: Partial<Operator<A, G, I>>;
}

/** An operator whose output has the shape that its inputs broadcast to. */
export function createElementwise<A extends object, G extends object, I extends number = number>(
  name: string,
  record: ElementwiseRecord<A, G, I>,
): Operator<A, G, I>;
export function createElementwise<A extends object, G extends object>(
  name: string,
  { attributes, dtype, function: text, extra }: ElementwiseRecord<A, G>,
): Operator<A, G> {
  return {
    name,
    attributes,
    shape(inputs, attrs) {
      return [{ dtype: dtype(inputs, attrs), shape: commonShape(name, inputs) }];
    },
    cost: (call) => ({ flop: elementCount(call.outputs[0].shape), bytes: operandBytes(call) }),
    kernels: [elementwiseKernel(name, text)],
    ...extra,
  };
}

/** One on floats that gradients are made of, with all its attributes given. Not for users. */
export function createGradient<A extends object>(
  name: string,
  parameters: readonly string[],
  body: (attrs: A) => string,
): Operator<A, A> {
  return createElementwise<A, A>(name, {
    attributes: (given) => given,
    dtype: (inputs) => floatType(name, inputs),
    function: ({ attrs }) => ({ register: "f32", parameters, result: "T", body: body(attrs) }),
  });
}

function commonShape(name: string, inputs: readonly TensorType[]): Shape {
  return inputs.map(({ shape }) => shape).reduce((a, b) => broadcastShape(name, a, b));
}

const inputNames = "abc";

function elementwiseKernel<A extends object>(name: string, text: (call: Call<A>) => FunctionText): Kernel<A> {
  return {
    name: `${name}/strided`,
    applies: () => true,
    views: "all",
    dispatches(call, device) {
      const [y] = call.outputs;
      const inputs = call.inputs.map((x, i) => [inputNames.charAt(i), broadcast(x, y.shape)] as const);
      const plan = walk<string>(y.shape, { ...Object.fromEntries(inputs), y: strided(y) });
      const types = [...call.inputs, y].map(({ dtype }) => dtype);
      return [
        {
          code: elementwise({ ...plan.template, types, function: text(call) }),
          bindings: allBindings(call),
          params: walkParams(plan),
          workgroups: flatGrid(plan.count, device),
        },
      ];
    },
  };
}
