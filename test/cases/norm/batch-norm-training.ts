import type { BatchNormAttributes, BatchNormGiven } from "../../../src/ops/norm/batch-norm.ts";
import { batchNormGradient, batchNormTraining } from "../../../src/ops/norm/batch-norm-training.ts";
import { elementCount, type Shape } from "../../../src/tensor.ts";
import type { InputSpec, OperatorCase, OperatorCases, ReferenceTensor } from "../../support/operator-cases.ts";

/** Calls `visit` with each channel and the elements that belong to it. */
function eachChannel({ shape }: ReferenceTensor, visit: (c: number, elements: readonly number[]) => void): void {
  const [items, channels] = shape as [number, number];
  const plane = elementCount(shape.slice(2));
  for (let c = 0; c < channels; c++) {
    const elements: number[] = [];
    for (let n = 0; n < items; n++) for (let i = 0; i < plane; i++) elements.push((n * channels + c) * plane + i);
    visit(c, elements);
  }
}

const total = (values: readonly number[]) => values.reduce((sum, value) => sum + value, 0);

export const batchNormTrainingCases: OperatorCases<BatchNormAttributes, BatchNormGiven> = {
  operator: batchNormTraining,
  withoutOutputGradient: [1, 2],
  // Differences of x move mean and variance too, whose terms cancel: the rule's own terms are larger than their sums.
  gradientSlack: 4,
  reference([x, gamma, beta], { eps }) {
    const [y, channels] = [new Float64Array(x!.data.length), gamma!.data.length];
    const [mean, variance] = [new Float64Array(channels), new Float64Array(channels)];
    const sizes = {
      y: new Float64Array(y.length),
      mean: new Float64Array(channels),
      variance: new Float64Array(channels),
    };
    eachChannel(x!, (c, elements) => {
      const values = elements.map((element) => x!.data[element]!);
      const absolute = total(values.map(Math.abs)) / values.length;
      mean[c] = total(values) / values.length;
      variance[c] = total(values.map((value) => (value - mean[c]!) ** 2)) / values.length;
      sizes.mean[c] = absolute;
      sizes.variance[c] = variance[c]! + absolute * Math.sqrt(variance[c]!);
      const scale = gamma!.data[c]! / Math.sqrt(variance[c]! + eps);
      for (const element of elements) {
        const value = x!.data[element]!;
        y[element] = (value - mean[c]!) * scale + beta!.data[c]!;
        sizes.y[element] = Math.abs(scale) * (2 * Math.abs(value) + 2 * absolute) + Math.abs(beta!.data[c]!);
      }
    });
    return [
      { data: y, magnitude: sizes.y },
      { data: mean, magnitude: sizes.mean },
      { data: variance, magnitude: sizes.variance },
    ];
  },
  cases: [
    trainingCase("two elements per channel", [2, 3, 1, 1]),
    trainingCase("rows of 4 fit", [2, 6, 4, 8]),
    trainingCase("odd sizes, batch 3", [3, 7, 13, 17]),
    trainingCase("no spatial axes", [15, 13]),
    trainingCase("volume", [2, 5, 3, 4, 6]),
    trainingCase("long rows, one channel", [4, 1, 64, 64]),
    { ...trainingCase("large eps", [2, 3, 5, 5]), given: { eps: 0.75 } },
    {
      ...trainingCase("residual and ReLU", [2, 5, 6, 6]),
      epilogue: { residual: true, activation: { kind: "relu" } },
    },
    {
      ...trainingCase("bias, residual and leaky ReLU, odd sizes, several workgroups", [2, 5, 3, 5]),
      epilogue: { bias: true, residual: true, activation: { kind: "leaky-relu", slope: 0.1 } },
    },
  ],
};

function trainingCase(why: string, shape: Shape): OperatorCase<BatchNormGiven> {
  const vector = [shape[1]!];
  return { why, inputs: [shape, { shape: vector, values: "positive" }, vector], given: {} };
}

export const batchNormGradientCases: OperatorCases<BatchNormAttributes, BatchNormGiven> = {
  operator: batchNormGradient,
  reference([gy, x, gamma, mean, variance], { eps }) {
    const [gx, channels] = [new Float64Array(x!.data.length), gamma!.data.length];
    const [ggamma, gbeta] = [new Float64Array(channels), new Float64Array(channels)];
    const sizes = {
      gx: new Float64Array(gx.length),
      ggamma: new Float64Array(channels),
      gbeta: new Float64Array(channels),
    };
    eachChannel(x!, (c, elements) => {
      const scale = 1 / Math.sqrt(variance!.data[c]! + eps);
      const normal = (element: number) => (x!.data[element]! - mean!.data[c]!) * scale;
      const reach = (element: number) => (Math.abs(x!.data[element]!) + Math.abs(mean!.data[c]!)) * scale;
      const gradient = (element: number) => gy!.data[element]!;
      gbeta[c] = total(elements.map(gradient));
      ggamma[c] = total(elements.map((element) => gradient(element) * normal(element)));
      sizes.gbeta[c] = total(elements.map((element) => Math.abs(gradient(element))));
      sizes.ggamma[c] = total(elements.map((element) => Math.abs(gradient(element)) * reach(element)));
      const count = elements.length;
      for (const element of elements) {
        const factor = gamma!.data[c]! * scale;
        gx[element] = factor * (gradient(element) - gbeta[c]! / count - (normal(element) * ggamma[c]!) / count);
        const terms =
          Math.abs(gradient(element)) + sizes.gbeta[c]! / count + (reach(element) * sizes.ggamma[c]!) / count;
        sizes.gx[element] = Math.abs(factor) * terms;
      }
    });
    return [
      { data: gx, magnitude: sizes.gx },
      { data: ggamma, magnitude: sizes.ggamma },
      { data: gbeta, magnitude: sizes.gbeta },
    ];
  },
  cases: [
    gradientCase("rows of 4 fit", [2, 6, 4, 8]),
    gradientCase("odd sizes, batch 3, several workgroups", [3, 7, 13, 17]),
    gradientCase("no spatial axes", [15, 13]),
    gradientCase("volume", [2, 5, 3, 4, 6]),
    gradientCase("long rows, one channel", [4, 1, 64, 64]),
  ],
};

function gradientCase(why: string, shape: Shape): OperatorCase<BatchNormGiven> {
  const vector = [shape[1]!];
  const variance: InputSpec = { shape: vector, values: "positive" };
  return { why, inputs: [shape, shape, vector, vector, variance], given: {} };
}
