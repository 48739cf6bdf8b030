// How much of a layer's error came in with its inputs: the layer, alone, on what it was given and on the reference's values.
import { difference } from "../difference.ts";
import type { Gpu } from "../gpu/gpu.ts";
import { createNode, type Graph, type Node, type Value } from "../graph/ir/graph.ts";
import type { Precision } from "../graph/passes/optimize.ts";
import { compile } from "../graph/run/compile.ts";
import { type Weights, weightsFor } from "../models/weights.ts";
import type { Tensor } from "../tensor.ts";

/** A tensor that this engine computed, and what the reference has for it. */
export interface Pair {
  readonly got: Tensor;
  readonly expected: Tensor;
}

/** The operators from values that are compared to one value: one layer by itself. */
export interface Step {
  readonly graph: Graph;
  /** Where it begins: compared values, under the names of the inputs of `graph`. */
  readonly begins: ReadonlyMap<string, Value>;
}

export interface Conditioning {
  /** Relative L2 of what the layer makes of the errors of its inputs. */
  readonly explained: number;
  /** Relative L2 of the rest, which the layer adds by itself. */
  readonly added: number;
  /** How many times larger `explained` is than the relative L2 of its inputs; at least 1. */
  readonly growth: number;
}

/** The nodes between `value` and the nearest values of `compared` before it; undefined where none is before it. */
export function stepTo(value: Value, compared: ReadonlySet<Value>): Step | undefined {
  const begins = new Map<string, Value>();
  const renewed = new Map<Value, Value>();
  const known: Record<"input" | "parameter", Value[]> = { input: [], parameter: [] };
  const nodes: Node[] = [];
  const add = (from: Value): Value => {
    const made = renewed.get(from);
    if (made) return made;
    const isBegin = from !== value && compared.has(from);
    if (!isBegin && from.producer) {
      const { operator, attrs, inputs, outputs, name, epilogue } = from.producer;
      const outputNames = outputs.map((output) => output.name);
      const node = createNode(operator, inputs.map(add), attrs, { name, epilogue, outputNames });
      nodes.push(node);
      outputs.forEach((output, i) => {
        renewed.set(output, node.outputs[i]!);
      });
      return node.outputs[outputs.indexOf(from)]!;
    }
    const { name, type } = from;
    const own: Value = isBegin ? { name: `${name}:begin`, type, kind: "input" } : from;
    if (isBegin) begins.set(own.name, from);
    if (own.kind === "input" || own.kind === "parameter") known[own.kind].push(own);
    renewed.set(from, own);
    return own;
  };
  const last = add(value);
  if (begins.size === 0) return undefined;
  const graph = { inputs: known.input, parameters: known.parameter, nodes, outputs: new Map([["step", last]]) };
  return { graph, begins };
}

/**
 * Splits the error of one layer. With f the layer as this engine computes it, x what it was given, and x', y' the reference's values:
 * y - y' = (f(x) - f(x')) + rest. The first part is what the layer makes of the errors of its inputs, whatever computes it: its
 * condition, measured and not bounded. `added` is the norm of the rest, which is f(x') - y' where y is f(x).
 * `growth` is (|f(x) - f(x')| / |y'|) / (the largest |x - x'| / |x'|).
 * Source: forward error <= condition x backward error; Higham, Accuracy and Stability of Numerical Algorithms, 2nd ed., 1.6.
 */
export async function conditioning(
  gpu: Gpu,
  { graph, begins }: Step,
  of: Pair,
  pairs: ReadonlyMap<Value, Pair>,
  { inputs, weights, stored }: { inputs: Readonly<Record<string, Tensor>>; weights: Weights; stored: Precision },
): Promise<Conditioning> {
  const compiled = await compile(gpu, graph, { ...stored, ...weightsFor(gpu, weights) });
  try {
    const given = graph.inputs.flatMap(({ name }) => (begins.has(name) ? [] : [[name, inputs[name]!] as const]));
    const run = async (side: keyof Pair) => {
      const begin = [...begins].map(([name, value]) => [name, pairs.get(value)![side]] as const);
      return (await compiled.run(Object.fromEntries([...given, ...begin]))).step!.data;
    };
    const [own, ideal] = [await run("got"), await run("expected")];
    const { shape, data: expected } = of.expected;
    const moved = Float64Array.from(expected, (value, i) => value + (own[i]! - ideal[i]!));
    const rest = Float64Array.from(expected, (value, i) => value + (of.got.data[i]! - moved[i]!));
    const explained = difference(shape, moved, expected).relativeL2;
    const before = [...begins.values()].map((value) => {
      const { got, expected: wanted } = pairs.get(value)!;
      return difference(got.shape, got.data, wanted.data).relativeL2;
    });
    const growth = Math.max(1, explained / Math.max(...before));
    return { explained, added: difference(shape, rest, expected).relativeL2, growth };
  } finally {
    await compiled.dispose();
  }
}
