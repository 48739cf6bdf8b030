// First values of parameters that no file gives: PyTorch's defaults, drawn from a seed.
import type { Graph, Value } from "../../graph/ir/graph.ts";
import { conv2d, convTranspose2d } from "../../ops/conv/conv2d.ts";
import { conv3d, convTranspose3d } from "../../ops/conv/conv3d.ts";
import { linear } from "../../ops/matrix/linear.ts";
import { batchNorm } from "../../ops/norm/batch-norm.ts";
import type { Operator } from "../../ops/operator.ts";
import { Random } from "../../random.ts";
import { elementCount, type Shape } from "../../tensor.ts";

/** Operators whose second input is a weight. */
const weighted: ReadonlySet<string> = new Set(
  [conv2d, conv3d, convTranspose2d, convTranspose3d, linear].map(({ name }) => name),
);

/** How a parameter begins. */
type Start = { readonly constant: number } | { readonly bound: number };

/**
 * First values by name. Weights and biases of convolutions and linear maps are uniform in +-1/sqrt(fan in), batch norm begins as the
 * identity with statistics of mean 0 and variance 1; everything else is 0.
 * Source: https://pytorch.org/docs/stable/generated/torch.nn.Conv2d.html
 */
export function initialWeights(graph: Graph, seed: number): (name: string) => Float32Array {
  const starts = new Map<Value, Start>();
  for (const { operator, inputs, epilogue } of graph.nodes) {
    if (operator === (batchNorm as Operator)) {
      [1, 0, 0, 1].forEach((constant, i) => {
        starts.set(inputs[i + 1]!, { constant });
      });
    } else if (weighted.has(operator.name) && inputs[1]?.kind === "parameter") {
      const bound = 1 / Math.sqrt(fanIn(inputs[1].type.shape));
      starts.set(inputs[1], { bound });
      const bias = epilogue.bias ? inputs.at(-1)! : inputs[2];
      if (bias?.kind === "parameter") starts.set(bias, { bound });
    }
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

/** Inputs of one output, as PyTorch counts them: for a transposed convolution too, all axes of the weight but the first. */
function fanIn(shape: Shape): number {
  return elementCount(shape.slice(1));
}
