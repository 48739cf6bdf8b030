import { type BatchNormAttributes, type BatchNormGiven, batchNorm } from "../../../src/ops/norm/batch-norm.ts";
import type { Shape } from "../../../src/tensor.ts";
import type { InputSpec, OperatorCase, OperatorCases } from "../../support/operator-cases.ts";

export const batchNormCases: OperatorCases<BatchNormAttributes, BatchNormGiven> = {
  operator: batchNorm,
  reference([x, gamma, beta, mean, variance], { eps }) {
    const channels = x!.shape[1]!;
    const plane = x!.shape.slice(2).reduce((product, size) => product * size, 1);
    const magnitude = new Float64Array(x!.data.length);
    const data = x!.data.map((value, element) => {
      const c = Math.floor(element / plane) % channels;
      const scale = gamma!.data[c]! / Math.sqrt(variance!.data[c]! + eps);
      magnitude[element] = Math.abs(value * scale) + Math.abs(mean!.data[c]! * scale) + Math.abs(beta!.data[c]!);
      return (value - mean!.data[c]!) * scale + beta!.data[c]!;
    });
    return [{ data, magnitude }];
  },
  cases: [
    normCase("one element", [1, 1, 1, 1]),
    normCase("rows of 4 fit", [2, 6, 4, 8]),
    normCase("odd sizes, batch 3, several workgroups", [3, 7, 13, 17]),
    normCase("batch 1", [1, 19, 15, 4]),
    normCase("no spatial axes, channels in fours", [5, 12]),
    normCase("no spatial axes, odd channels", [15, 13]),
    normCase("one spatial axis", [2, 3, 19]),
    normCase("volume", [2, 5, 3, 4, 6]),
    normCase("many channels, one pixel", [2, 515, 1, 1]),
    { ...normCase("large eps", [2, 3, 5, 5]), given: { eps: 0.75 } },
    {
      why: "no variance: eps keeps it finite",
      inputs: [[2, 2, 3, 3], [2], [2], [2], { shape: [2], values: [0, 1e-6] }],
      given: {},
      gradient: "differences of 1e-6 are no derivative of a variance near 1e-5",
    },
  ],
};

function normCase(why: string, shape: Shape): OperatorCase<BatchNormGiven> {
  const vector = [shape[1]!];
  const variance: InputSpec = { shape: vector, values: "positive" };
  return { why, inputs: [shape, vector, vector, vector, variance], given: {} };
}
