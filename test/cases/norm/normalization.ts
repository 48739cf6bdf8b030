import {
  type GroupNormAttributes,
  type GroupNormGiven,
  groupNorm,
  instanceNorm,
  type LayerNormAttributes,
  type LayerNormGiven,
  layerNorm,
} from "../../../src/ops/norm/normalization.ts";
import type { Shape } from "../../../src/tensor.ts";
import type { InputSpec, OperatorCase, OperatorCases, ReferenceTensor } from "../../support/operator-cases.ts";

const count = (sizes: Shape) => sizes.reduce((product, size) => product * size, 1);

/** Rows of `length` elements follow each other; element e takes parameter `place(e)`. */
function normalized(
  [x, weight, bias]: readonly ReferenceTensor[],
  { length, eps, place }: { length: number; eps: number; place(element: number): number },
) {
  const data = new Float64Array(x!.data.length);
  const magnitude = new Float64Array(data.length);
  for (let first = 0; first < data.length; first += length) {
    const row = [...x!.data.subarray(first, first + length)];
    const mean = row.reduce((sum, value) => sum + value, 0) / length;
    const size = row.reduce((sum, value) => sum + Math.abs(value), 0) / length;
    const variance = row.reduce((sum, value) => sum + (value - mean) ** 2, 0) / length;
    const scale = 1 / Math.sqrt(variance + eps);
    row.forEach((value, i) => {
      const element = first + i;
      const gain = scale * (weight?.data[place(element)] ?? 1);
      const shift = bias?.data[place(element)] ?? 0;
      data[element] = (value - mean) * gain + shift;
      // Those of the terms, and what the mean's error, 8 eps32 times `size`, moves.
      magnitude[element] = (Math.abs(value) + Math.abs(mean) + size) * Math.abs(gain) + Math.abs(shift);
    });
  }
  return [{ data, magnitude }];
}

export const layerNormCases: OperatorCases<LayerNormAttributes, LayerNormGiven> = {
  operator: layerNorm,
  reference(inputs, { axis, eps }) {
    const length = count(inputs[0]!.shape.slice(axis));
    return normalized(inputs, { length, eps, place: (element) => element % length });
  },
  cases: [
    layerCase("one element", [1], -1),
    layerCase("tokens, several workgroups", [5, 29, 24], -1),
    layerCase("odd rows", [7, 13], -1),
    layerCase("two axes", [3, 4, 5], -2),
    layerCase("all axes: over the batch too", [3, 4, 5], 0),
    layerCase("a vector", [19], 0),
    layerCase("long rows", [2, 3, 515], 2),
    { why: "weight alone", inputs: [[3, 15], [15]], given: {} },
    { why: "no weight", inputs: [[3, 15]], given: { eps: 0.1 } },
    {
      why: "a mean far from 0",
      inputs: [{ shape: [2, 64], values: Array.from({ length: 128 }, (_, i) => 100 + Math.sin(i)) }],
      given: {},
      gradient: "f32 holds a mean of 100 to 4e-6, which is 6 times the tolerance of the gradient",
    },
    { why: "no variance: eps keeps it finite", inputs: [{ shape: [1, 4], values: [3, 3, 3, 3] }], given: {} },
  ],
};

function layerCase(why: string, shape: Shape, axis: number): OperatorCase<LayerNormGiven> {
  const parameters = shape.slice(axis);
  return { why, inputs: [shape, parameters, parameters], given: { axis } };
}

/** Element e of [N, C, ...] is of channel e / plane % C. */
function byChannel(inputs: readonly ReferenceTensor[], groups: number, eps: number) {
  const [, channels, ...inner] = inputs[0]!.shape as [number, number, ...number[]];
  const plane = count(inner);
  const place = (element: number) => Math.floor(element / plane) % channels;
  return normalized(inputs, { length: (channels / groups) * plane, eps, place });
}

export const groupNormCases: OperatorCases<GroupNormAttributes, GroupNormGiven> = {
  operator: groupNorm,
  reference: (inputs, { groups, eps }) => byChannel(inputs, groups, eps),
  cases: [
    channelCase("one group", [2, 3, 5, 7], { groups: 1 }),
    channelCase("groups of two", [3, 6, 4, 5], { groups: 3 }),
    channelCase("many groups, several workgroups", [5, 34, 3, 3], { groups: 17 }),
    channelCase("no spatial axes", [3, 12], { groups: 4 }),
    channelCase("volume, long rows", [2, 4, 7, 9, 11], { groups: 2 }),
    { why: "no weight, large eps", inputs: [[2, 4, 13]], given: { groups: 2, eps: 0.5 } },
  ],
};

export const instanceNormCases: OperatorCases<{ readonly eps: number }, { readonly eps?: number }> = {
  operator: instanceNorm,
  reference: (inputs, { eps }) => byChannel(inputs, inputs[0]!.shape[1]!, eps),
  cases: [
    channelCase("one element per channel", [1, 3, 1, 1], {}),
    channelCase("planes", [2, 3, 13, 15], {}),
    channelCase("volume", [2, 3, 4, 8, 17], {}),
    channelCase("many channels, several workgroups", [3, 65, 2, 2], { eps: 1e-3 }),
    { why: "no weight", inputs: [[2, 3, 19]], given: {} },
  ],
};

function channelCase<G extends object>(why: string, shape: Shape, given: G): OperatorCase<G> {
  const parameter: InputSpec = { shape: [shape[1]!] };
  return { why, inputs: [shape, parameter, parameter], given };
}
