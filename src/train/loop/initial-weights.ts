// First values of parameters that no file gives: PyTorch's defaults, drawn from a seed.
import type { Graph, Value } from "../../graph/ir/graph.ts";
import type { InitialValue } from "../../ops/initial.ts";
import { Random } from "../../random.ts";
import { elementCount, type Shape } from "../../tensor.ts";

/**
 * First values by name. Weights and biases of convolutions and linear maps are uniform in +-1/sqrt(fan in), batch norm begins as the
 * identity with statistics of mean 0 and variance 1; everything else is 0: see `initial` of each operator. What a parameter says of
 * itself comes first.
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
    const start = parameter.initial ?? starts.get(parameter) ?? { constant: 0 };
    const values = new Float32Array(elementCount(parameter.type.shape));
    if ("constant" in start) return values.fill(start.constant);
    if ("bilinear" in start) return fillBilinear(values, parameter.type.shape);
    const random = new Random([seed, 0], place, initialLane);
    return values.map(() => random.between(-start.bound, start.bound));
  };
}

/** Of [C, C, R, R] the diagonal's kernels, which fall from the centre to 0 at its ends. Source: Long et al. 2015, section 3.3. */
function fillBilinear(values: Float32Array, [channels = 1, , size = 1]: Shape): Float32Array {
  const factor = Math.floor((size + 1) / 2);
  const weight = (tap: number) => 1 - Math.abs(tap - (size % 2 === 1 ? factor - 1 : factor - 0.5)) / factor;
  for (let c = 0; c < channels; c++) {
    const kernel = values.subarray(c * (channels + 1) * size * size);
    for (let i = 0; i < size * size; i++) kernel[i] = weight(Math.floor(i / size)) * weight(i % size);
  }
  return values;
}

/** Lanes of samples are small numbers; this one is apart from them. */
const initialLane = 31;
