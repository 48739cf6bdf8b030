// References of the gradients of linear operators on planes: the transposed forward reference, found by probing it.
import type { Operator } from "../../src/ops/operator.ts";
import { elementCount, type Shape } from "../../src/tensor.ts";
import {
  inputSpec,
  type OperatorCase,
  type OperatorCases,
  type ReferenceOutput,
  type ReferenceTensor,
} from "./operator-cases.ts";

interface Sized {
  readonly inputSize: Shape;
}

/** What probing costs more than is left out. */
const mostSteps = 3e8;

/**
 * The cases of an operator on [N, C, ...], and more of them, as cases of the one that computes its gradient: gy in, gx of
 * `inputSize` out. The gradient's attributes are those of the operator and `inputSize`.
 */
export function gradientCases<A extends object, G extends object, B extends A & Sized>(
  forward: OperatorCases<A, G>,
  operator: Operator<B, A & Sized>,
  more: readonly OperatorCase<G>[],
): OperatorCases<B, A & Sized> {
  const cases = [...forward.cases, ...more].map(({ why, inputs, given }) => {
    const { shape, values } = inputSpec(inputs[0]!);
    const attrs = forward.operator.attributes(given);
    const [y] = forward.operator.shape([{ shape, dtype: "f32" }], attrs);
    const gy = { shape: y!.shape, ...(typeof values === "string" && { values }) };
    return { why, inputs: [gy], given: { ...attrs, inputSize: shape.slice(2) } };
  });
  const isCheap = ({ inputs: [gy], given }: (typeof cases)[number]) =>
    elementCount(given.inputSize) ** 2 * elementCount(gy!.shape.slice(2)) < mostSteps;
  return {
    operator,
    reference: ([gy], attrs) => [transposed((x) => forward.reference([x], attrs)[0]!.data, gy!, attrs.inputSize)],
    cases: cases.filter(isCheap),
  };
}

/** gx of a map that does the same to every plane: what a pixel of 1 becomes is how much of gy it gets. */
function transposed(map: (x: ReferenceTensor) => Float64Array, gy: ReferenceTensor, inputSize: Shape): ReferenceOutput {
  const [items, channels, ...outputSize] = gy.shape as [number, number, ...number[]];
  const [planes, pixels, outputs] = [items * channels, elementCount(inputSize), elementCount(outputSize)];
  const data = new Float64Array(planes * pixels);
  const magnitude = new Float64Array(planes * pixels);
  for (let pixel = 0; pixel < pixels; pixel++) {
    const probe = new Float64Array(pixels);
    probe[pixel] = 1;
    map({ shape: [1, 1, ...inputSize], data: probe }).forEach((weight, output) => {
      if (weight === 0) return;
      for (let plane = 0; plane < planes; plane++) {
        const term = weight * gy.data[plane * outputs + output]!;
        data[plane * pixels + pixel]! += term;
        magnitude[plane * pixels + pixel]! += Math.abs(term);
      }
    });
  }
  return { data, magnitude };
}
