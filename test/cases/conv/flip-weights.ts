import { type FlipConvWeightsAttributes, flipConvWeights } from "../../../src/ops/conv/flip-weights.ts";
import { elementCount } from "../../../src/tensor.ts";
import type { OperatorCases } from "../../support/operator-cases.ts";

export const flipConvWeightsCases: OperatorCases<FlipConvWeightsAttributes, FlipConvWeightsAttributes> = {
  operator: flipConvWeights,
  reference([weight], { groups }) {
    const [channels, groupOutChannels, ...kernel] = weight!.shape as [number, number, ...number[]];
    const [taps, groupChannels] = [elementCount(kernel), channels / groups];
    const data = new Float64Array(weight!.data.length);
    for (let c = 0; c < channels; c++)
      for (let k = 0; k < groupOutChannels; k++)
        for (let tap = 0; tap < taps; tap++) {
          const outChannel = Math.floor(c / groupChannels) * groupOutChannels + k;
          // Backwards along all axes is backwards along the flat kernel.
          const place = (outChannel * groupChannels + (c % groupChannels)) * taps + (taps - 1 - tap);
          data[place] = weight!.data[(c * groupOutChannels + k) * taps + tap]!;
        }
    return [{ data, magnitude: new Float64Array(data.length), exact: true }];
  },
  cases: [
    { why: "one of everything", inputs: [[1, 1, 1, 1]], given: { groups: 1 } },
    { why: "3x2 kernels, several workgroups", inputs: [[19, 13, 3, 2]], given: { groups: 1 } },
    { why: "groups", inputs: [[6, 5, 3, 3]], given: { groups: 3 } },
    { why: "depthwise", inputs: [[7, 1, 5, 5]], given: { groups: 7 } },
    { why: "volume", inputs: [[4, 3, 2, 3, 4]], given: { groups: 2 } },
  ],
};
