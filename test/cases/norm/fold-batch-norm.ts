import {
  type FoldBatchNormAttributes,
  type FoldBatchNormGiven,
  foldBatchNorm,
} from "../../../src/ops/norm/fold-batch-norm.ts";
import type { Shape } from "../../../src/tensor.ts";
import type { InputSpec, OperatorCase, OperatorCases, ReferenceTensor } from "../../support/operator-cases.ts";

export const foldBatchNormCases: OperatorCases<FoldBatchNormAttributes, FoldBatchNormGiven> = {
  operator: foldBatchNorm,
  storages: ["f32"],
  reference(inputs, { eps, axis, bias }) {
    const weight = inputs[0]!;
    const [gamma, beta, mean, variance] = inputs.slice(bias ? 2 : 1) as ReferenceTensor[];
    const channels = weight.shape.at(axis)!;
    const place = axis < 0 ? axis + weight.shape.length : axis;
    const inner = weight.shape.slice(place + 1).reduce((product, size) => product * size, 1);
    const scale = gamma!.data.map((value, c) => value / Math.sqrt(variance!.data[c]! + eps));
    const scaled = weight.data.map((value, element) => value * scale[Math.floor(element / inner) % channels]!);
    const own = (c: number) => (bias ? inputs[1]!.data[c]! : 0);
    const shifted = beta!.data.map((value, c) => value + (own(c) - mean!.data[c]!) * scale[c]!);
    const magnitude = beta!.data.map(
      (value, c) => Math.abs(value) + (Math.abs(own(c)) + Math.abs(mean!.data[c]!)) * Math.abs(scale[c]!),
    );
    return [
      { data: scaled, magnitude: scaled.map(Math.abs) },
      { data: shifted, magnitude },
    ];
  },
  cases: [
    foldCase("one of everything", [1, 1, 1, 1], { axis: 0 }),
    foldCase("convolution", [13, 5, 3, 3], { axis: 0 }),
    foldCase("convolution with bias", [16, 4, 3, 3], { axis: 0, bias: true }),
    foldCase("transposed convolution", [6, 15, 3, 3], { axis: 1 }),
    foldCase("transposed convolution with bias, several workgroups", [17, 68, 2, 2], { axis: 1, bias: true }),
    foldCase("depthwise", [19, 1, 3, 3], { axis: 0 }),
    foldCase("pointwise", [64, 32, 1, 1], { axis: 0 }),
    foldCase("volume, large eps", [8, 3, 3, 3, 3], { axis: 0, eps: 0.5 }),
    foldCase("channels last", [3, 5, 7, 12], { axis: -1 }),
    foldCase("channels last, odd", [4, 13], { axis: 1, bias: true }),
  ],
};

function foldCase(why: string, weight: Shape, given: Partial<FoldBatchNormGiven>): OperatorCase<FoldBatchNormGiven> {
  const full = { eps: 1e-5, axis: 0, bias: false, ...given };
  const vector = [weight.at(full.axis)!];
  const variance: InputSpec = { shape: vector, values: "positive" };
  return { why, inputs: [weight, ...(full.bias ? [vector] : []), vector, vector, vector, variance], given: full };
}
