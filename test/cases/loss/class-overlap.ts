import {
  type ClassOverlapAttributes,
  type ClassOverlapGiven,
  classOverlap,
  classOverlapGradient,
} from "../../../src/ops/loss/class-overlap.ts";
import { pixelsOf, randomLabels } from "../../support/labels.ts";
import type { OperatorCase, OperatorCases } from "../../support/operator-cases.ts";

const cases: readonly OperatorCase<ClassOverlapGiven>[] = [
  { why: "one pixel", inputs: [[1, 2, 1], randomLabels([1, 1], 2)], given: {} },
  { why: "a class per item, no pixels", inputs: [[3, 4], randomLabels([3], 4, 255)], given: {} },
  { why: "one channel is class 1", inputs: [[2, 1, 5, 7], randomLabels([2, 5, 7], 2, 255)], given: {} },
  { why: "an image, some pixels ignored", inputs: [[2, 3, 13, 15], randomLabels([2, 13, 15], 3, 255)], given: {} },
  {
    why: "squares, several workgroups",
    inputs: [[13, 5, 7, 9], randomLabels([13, 7, 9], 5, 255)],
    given: { squared: true },
  },
  { why: "a class is ignored", inputs: [[1, 3, 4, 5], randomLabels([1, 4, 5], 3)], given: { ignoreIndex: 0 } },
  {
    why: "an image larger than a workgroup's blocks",
    inputs: [[1, 2, 96, 128], randomLabels([1, 96, 128], 2)],
    given: {},
  },
  { why: "a volume", inputs: [[2, 3, 3, 4, 5], randomLabels([2, 3, 4, 5], 3)], given: { squared: true } },
];

export const classOverlapCases: OperatorCases<ClassOverlapAttributes, ClassOverlapGiven> = {
  operator: classOverlap,
  withoutOutputGradient: [2],
  reference([q, labels], { ignoreIndex, squared }) {
    const channels = q!.shape[1]!;
    const first = channels === 1 ? 1 : 0;
    const sums = () => new Float64Array(q!.shape[0]! * channels);
    const [intersection, predicted, labelled] = [sums(), sums(), sums()];
    const [shared, size] = [sums(), sums()];
    for (const { item, label, elements } of pixelsOf(q!, labels!)) {
      if (label === ignoreIndex) continue;
      elements.forEach((element, channel) => {
        const at = item * channels + channel;
        const v = q!.data[element]!;
        const t = label === first + channel ? 1 : 0;
        intersection[at]! += v * t;
        shared[at]! += Math.abs(v) * t;
        predicted[at]! += label >= first + channels ? Number.NaN : squared ? v * v : v;
        size[at]! += squared ? v * v : Math.abs(v);
        labelled[at]! += t;
      });
    }
    return [
      { data: intersection, magnitude: shared },
      { data: predicted, magnitude: size },
      { data: labelled, magnitude: sums(), exact: true },
    ];
  },
  cases,
};

export const classOverlapGradientCases: OperatorCases<ClassOverlapAttributes, ClassOverlapAttributes> = {
  operator: classOverlapGradient,
  reference([gi, gp, q, labels], { ignoreIndex, squared }) {
    const channels = q!.shape[1]!;
    const first = channels === 1 ? 1 : 0;
    const data = new Float64Array(q!.data.length);
    const magnitude = new Float64Array(data.length);
    for (const { item, label, elements } of pixelsOf(q!, labels!)) {
      if (label === ignoreIndex) continue;
      elements.forEach((element, channel) => {
        const at = item * channels + channel;
        const terms = [
          label === first + channel ? gi!.data[at]! : 0,
          gp!.data[at]! * (squared ? 2 * q!.data[element]! : 1),
        ];
        data[element] = terms[0]! + terms[1]!;
        magnitude[element] = Math.abs(terms[0]!) + Math.abs(terms[1]!);
      });
    }
    return [{ data, magnitude }];
  },
  cases: cases.map(({ why, inputs, given }) => {
    const sums = (inputs[0] as readonly number[]).slice(0, 2);
    return { why, inputs: [sums, sums, ...inputs], given: classOverlap.attributes(given) };
  }),
};
