// Decides whether an operator's gradient is correct: the graph that its rule appends, run on the GPU, against central
// differences of the float64 reference.

import { expect } from "vitest";
import { coordinates } from "../../src/difference.ts";
import type { Gpu } from "../../src/gpu/gpu.ts";
import { GraphBuilder } from "../../src/graph/ir/builder.ts";
import { compile } from "../../src/graph/run/compile.ts";
import { nonEmpty } from "../../src/ops/operator.ts";
import { elementCount, formatShape, type Tensor, type TensorType } from "../../src/tensor.ts";
import {
  createData,
  fullEpilogue,
  inputSpec,
  type OperatorCase,
  type OperatorCases,
  type ReferenceTensor,
} from "./operator-cases.ts";
import { createRandom, uniform } from "./random.ts";

const eps32 = 2 ** -23;
/** Small enough that differences do not see curvature, large enough that float64 does. */
const step = 1e-6;
/** Elements of each input that are checked by themselves. */
const mostElements = 8;

/** Why a case has no gradient to check, or undefined where it has. */
export function withoutGradient<A extends object, G extends object>(
  suite: OperatorCases<A, G>,
  entry: OperatorCase<G>,
): string | undefined {
  if (!suite.operator.gradient) return "no gradient";
  if (suite.withoutGradients) return "the same as on the own device";
  if (entry.gradient) return entry.gradient;
  const { residual, activation } = fullEpilogue(entry.epilogue);
  if (residual || activation?.kind !== "none") return "epilogue";
  const listed = entry.inputs.flatMap((input) => {
    const { values } = inputSpec(input);
    return typeof values === "object" ? values : [];
  });
  return listed.every((value) => Math.abs(value) < 1e6) ? undefined : "not finite";
}

/**
 * Checks d(sum of gy * y)/dx for each float input x, with random gy: along random directions, which every element has a
 * part in, and for some elements by themselves.
 */
export async function checkGradient<A extends object, G extends object>(
  gpu: Gpu,
  suite: OperatorCases<A, G>,
  entry: OperatorCase<G>,
): Promise<void> {
  const { operator } = suite;
  const random = createRandom(2);
  const b = new GraphBuilder();
  const attrs = operator.attributes(entry.given);
  const specs = entry.inputs.map(inputSpec);
  const own = specs.map(({ shape, dtype }, i) => b.input(`x${i}`, shape, dtype));
  const ownTypes = own.map(({ type }) => type);
  const ownOutputs = operator.shape(nonEmpty(ownTypes, "inputs"), attrs);
  const hasBias = fullEpilogue(entry.epilogue).bias;
  const bias = hasBias ? b.input("bias", [ownOutputs[0]!.shape[1]!]) : undefined;
  const inputs = bias ? [...own, bias] : own;
  const outputs = b.applyAll(operator, own, entry.given, { name: "result", ...(bias && { bias }) });
  const floats = inputs.filter(({ type }, i) => type.dtype === "f32" && !suite.withoutInputGradient?.includes(i));
  const seeds = outputs
    .filter(({ type }, i) => type.dtype === "f32" && !suite.withoutOutputGradient?.includes(i))
    .map((value, i) => ({ value, gradient: b.input(`gy${i}`, value.type.shape) }));
  const gradients = b.gradients(seeds, floats);
  for (const [i, { name }] of floats.entries()) b.output(name, gradients[i]!);

  const tensors = new Map<string, Tensor>();
  inputs.forEach(({ name, type }, i) => {
    const spec = specs[i] ?? { shape: type.shape };
    tensors.set(name, { shape: type.shape, data: createData(spec, random) });
  });
  for (const { gradient } of seeds) {
    const { shape } = gradient.type;
    tensors.set(gradient.name, { shape, data: uniform(elementCount(shape), random) });
  }
  const model = await compile(gpu, b.build(), { parameter: () => Promise.reject(new Error("no parameters")) });
  const results = await model.run(Object.fromEntries(tensors)).finally(() => model.dispose());

  /** The terms gy * dy of the derivative along `direction`, added up, and their absolute values. */
  const along = (name: string, direction: Float64Array) => {
    const moved = (sign: number) => {
      const point = inputs.map(({ name: other, type }): ReferenceTensor => {
        const data = Float64Array.from(tensors.get(other)!.data as ArrayLike<number>);
        const moves = other === name ? data.map((x, i) => x + sign * step * direction[i]!) : data;
        return { shape: type.shape, data: moves };
      });
      const results = suite.reference(point.slice(0, own.length), attrs).map(({ data }) => data);
      return bias ? [addBias(results[0]!, ownOutputs[0]!, point.at(-1)!.data), ...results.slice(1)] : results;
    };
    const [plus, minus] = [moved(1), moved(-1)];
    let [total, magnitude] = [0, 0];
    for (const { value, gradient } of seeds) {
      const place = outputs.indexOf(value);
      tensors.get(gradient.name)!.data.forEach((gy, element) => {
        const term = (gy * (plus[place]![element]! - minus[place]![element]!)) / (2 * step);
        total += term;
        magnitude += Math.abs(term);
      });
    }
    return { total, magnitude };
  };
  const slack = suite.gradientSlack ?? 1;
  for (const { name, type } of floats) {
    const got = results[name]!.data as Float32Array;
    expect(got.every(Number.isFinite), `gradient of ${name} is finite`).toBe(true);
    const direction = Float64Array.from(uniform(got.length, random));
    const terms = got.map((gradient, i) => Math.abs(gradient * direction[i]!));
    const want = along(name, direction);
    const size = want.magnitude + terms.reduce((sum, term) => sum + term, 0);
    const sum = got.reduce((sumSoFar, gradient, i) => sumSoFar + gradient * direction[i]!, 0);
    requireClose(`gradient of ${name} ${formatShape(type.shape)} along a direction`, sum, want.total, slack * size);
    for (const element of someElements(got.length, random)) {
      const unit = new Float64Array(got.length);
      unit[element] = 1;
      const { total, magnitude } = along(name, unit);
      const where = formatShape(coordinates(type.shape, element));
      requireClose(`gradient of ${name} at ${where}`, got[element]!, total, slack * magnitude);
    }
  }
}

function requireClose(what: string, got: number, want: number, magnitude: number): void {
  // The last term is what differences in float64 are good to.
  const tolerance = 8 * eps32 * magnitude + 1e-7 + 1e-9 * magnitude;
  if (Math.abs(got - want) <= tolerance) return;
  const off = (Math.abs(got - want) / tolerance).toPrecision(3);
  expect.fail(`${what} is ${got}, expected ${want}: ${off} tolerances off`);
}

function addBias(data: Float64Array, { shape }: TensorType, bias: Float64Array): Float64Array {
  const plane = elementCount(shape.slice(2));
  return data.map((value, i) => value + bias[Math.floor(i / plane) % shape[1]!]!);
}

/** The first and the last, where edges are, and some between. */
function someElements(count: number, random: () => number): ReadonlySet<number> {
  const between = Array.from({ length: mostElements - 2 }, () => Math.floor(random() * count));
  return new Set([0, count - 1, ...between]);
}
