import { type DropoutAttributes, type DropoutGiven, dropout } from "../../../src/ops/elementwise/dropout.ts";
import { threefry } from "../../../src/random.ts";
import type { Shape } from "../../../src/tensor.ts";
import type { OperatorCases } from "../../support/operator-cases.ts";

/** The counter's second word begins here: lane 30 of 2^27 blocks each. */
const layers = 30 * 2 ** 27;

/** Whether each element of x [N, C, ...] is kept, one after the other. */
export function keptElements(
  shape: Shape,
  [seed, step]: readonly [number, number],
  { p, spatial, layer }: DropoutAttributes,
): boolean[] {
  const words = new Uint32Array(2);
  const span = spatial ? shape.slice(2).reduce((a, b) => a * b, 1) : 1;
  return Array.from({ length: shape.reduce((a, b) => a * b, 1) }, (_, element) => {
    threefry([seed, step], [Math.floor(element / span), layers + layer], words);
    return words[0]! / 2 ** 32 >= p;
  });
}

const draw = (seed: number, step: number) => ({ shape: [2], dtype: "u32", values: [seed, step] }) as const;

export const dropoutCases: OperatorCases<DropoutAttributes, DropoutGiven> = {
  operator: dropout,
  reference([x, draw], attrs) {
    const kept = keptElements(x!.shape, [draw!.data[0]!, draw!.data[1]!], attrs);
    const data = x!.data.map((value, i) => (kept[i] ? value / (1 - attrs.p) : 0));
    return [{ data, magnitude: data.map(Math.abs) }];
  },
  cases: [
    { why: "one element", inputs: [[1], draw(0, 0)], given: {} },
    { why: "vectors", inputs: [[2, 3, 4, 8], draw(1, 0)], given: { p: 0.2 } },
    { why: "leftover elements", inputs: [[3, 5, 7], draw(1, 2)], given: { p: 0.8 } },
    { why: "a seed and a step of 32 bits", inputs: [[2, 64], draw(2 ** 32 - 1, 2 ** 32 - 2)], given: {} },
    { why: "another layer", inputs: [[2, 3, 4, 8], draw(1, 0)], given: { p: 0.2, layer: 7 } },
    { why: "the last layer, several workgroups", inputs: [[2, 7, 19, 13], draw(9, 4)], given: { layer: 2 ** 27 - 1 } },
    { why: "nothing is dropped", inputs: [[2, 3, 5], draw(3, 1)], given: { p: 0 } },
    { why: "nearly all is dropped", inputs: [[2, 3, 5, 4], draw(3, 1)], given: { p: 1 - 2 ** -20 } },
    { why: "whole channels of odd planes", inputs: [[3, 5, 3, 5], draw(4, 1)], given: { spatial: true } },
    { why: "whole channels whose quads cross", inputs: [[2, 6, 3, 2], draw(4, 1)], given: { spatial: true } },
    {
      why: "whole channels of a volume, several workgroups",
      inputs: [[2, 8, 4, 5, 7], draw(4, 1)],
      given: { spatial: true, p: 0.3 },
    },
    { why: "channels of one pixel", inputs: [[4, 9], draw(5, 1)], given: { spatial: true } },
  ],
};
