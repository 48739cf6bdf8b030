// Gradients of one operator where they are known from elsewhere: ties, corners, infinities.
import type { Gpu } from "../../src/gpu/gpu.ts";
import { GraphBuilder } from "../../src/graph/ir/builder.ts";
import { compile } from "../../src/graph/run/compile.ts";
import type { Operator } from "../../src/ops/operator.ts";
import { elementCount, type Shape } from "../../src/tensor.ts";

export interface ListedTensor {
  readonly shape: Shape;
  readonly values: readonly number[];
}

/** Of the sum of all outputs, with respect to each input. */
export async function runGradient<A extends object, G extends object>(
  gpu: Gpu,
  operator: Operator<A, G>,
  given: G,
  inputs: readonly ListedTensor[],
): Promise<number[][]> {
  const b = new GraphBuilder();
  const xs = inputs.map(({ shape }, i) => b.input(`x${i}`, shape));
  const y = b.apply(operator, xs, given);
  const { shape } = y.type;
  const gradient = b.constant("gy", { shape, data: new Float32Array(elementCount(shape)).fill(1) });
  b.gradients([{ value: y, gradient }], xs).forEach((gx, i) => {
    b.output(`gx${i}`, gx);
  });
  const model = await compile(gpu, b.build(), { parameter: () => Promise.reject(new Error("no parameters")) });
  const data = inputs.map(({ shape, values }, i) => [`x${i}`, { shape, data: Float32Array.from(values) }] as const);
  const results = await model.run(Object.fromEntries(data)).finally(() => model.dispose());
  return xs.map((_, i) => Array.from(results[`gx${i}`]!.data));
}

/** The first element that is not what it should be, within 1e-6 relative or absolute. */
export function firstDifference(got: readonly number[], want: readonly number[]): string | undefined {
  const i = want.findIndex((value, place) => !isClose(got[place]!, value));
  return i < 0 ? undefined : `element ${i} is ${got[i]}, expected ${want[i]}`;
}

function isClose(got: number, want: number): boolean {
  if (!Number.isFinite(want)) return Object.is(got, want);
  return Math.abs(got - want) <= 1e-6 * Math.max(1, Math.abs(want));
}
