// First values of parameters that no file gives: PyTorch's defaults, drawn from a seed.
import type { Graph, Value } from "../../graph/ir/graph.ts";
import type { InitialValue } from "../../ops/initial.ts";
import { Random } from "../../random.ts";
import { elementCount } from "../../tensor.ts";

/**
 * First values by name. Weights and biases of convolutions and linear maps are uniform in +-1/sqrt(fan in), batch norm begins as the
 * identity with statistics of mean 0 and variance 1; everything else is 0: see `initial` of each operator.
 */
export function initialWeights(graph: Graph, seed: number): (name: string) => Float32Array {
  const starts = new Map<Value, InitialValue>();
  for (const { operator, inputs } of graph.nodes) {
    const own = operator.initial?.(inputs.map(({ type }) => type)) ?? [];
    inputs.forEach((input, i) => {
      const start = own[i];
      if (start) starts.set(input, start);
    });
  }
  const places = new Map(graph.parameters.map((parameter, place) => [parameter.name, { parameter, place }]));
  return (name) => {
    const { parameter, place } = places.get(name)!;
    const start = starts.get(parameter) ?? { constant: 0 };
    const values = new Float32Array(elementCount(parameter.type.shape));
    if ("constant" in start) return values.fill(start.constant);
    const random = new Random([seed, 0], place, initialLane);
    return values.map(() => random.between(-start.bound, start.bound));
  };
}

/** Lanes of samples are small numbers; this one is apart from them. */
const initialLane = 31;
