import {
  type BinaryCrossEntropyAttributes,
  type BinaryCrossEntropyGiven,
  binaryCrossEntropy,
  binaryCrossEntropyGradient,
} from "../../../src/ops/loss/binary-cross-entropy.ts";
import { expUlps, logError } from "../../support/functions.ts";
import { pixelsOf, randomLabels } from "../../support/labels.ts";
import type { OperatorCase, OperatorCases, ReferenceTensor } from "../../support/operator-cases.ts";

const labels = (shape: readonly number[], values: readonly number[]) => ({ shape, dtype: "u32" as const, values });
const held = "the factor is a constant of the gradient";

const cases: readonly OperatorCase<BinaryCrossEntropyGiven>[] = [
  { why: "one channel is class 1", inputs: [[2, 1, 5, 7], randomLabels([2, 5, 7], 2, 255)], given: {} },
  { why: "a class per item, no pixels", inputs: [[5, 3], randomLabels([5], 3)], given: {} },
  {
    why: "an image, several workgroups, some pixels ignored",
    inputs: [[2, 3, 13, 15], randomLabels([2, 13, 15], 3, 255)],
    given: {},
  },
  {
    why: "weights of both kinds",
    inputs: [[2, 3, 4, 5], randomLabels([2, 4, 5], 3, 255), [2, 3]],
    given: { negativeWeight: 0.25 },
  },
  { why: "a volume", inputs: [[2, 3, 3, 4, 5], randomLabels([2, 3, 4, 5], 3)], given: {} },
  { why: "a class is ignored", inputs: [[1, 3, 4, 5], randomLabels([1, 4, 5], 3)], given: { ignoreIndex: 0 } },
  { why: "everything is ignored", inputs: [[1, 2, 2], labels([1, 2], [255, 255])], given: {} },
  { why: "logits of 1e4", inputs: [{ shape: [2, 2], values: [1e4, -1e4, 1e4, -1e4] }, labels([2], [0, 1])], given: {} },
  {
    why: "NaN and unknown labels are NaN",
    inputs: [{ shape: [3, 1], values: [Number.NaN, 1, 1] }, labels([3], [1, 2, 1])],
    given: {},
    gradient: "NaN",
  },
  { why: "focal", inputs: [[2, 3, 5, 7], randomLabels([2, 5, 7], 3, 255)], given: { factor: "focal" } },
  {
    why: "focal with weights and a gamma below 1",
    inputs: [[1, 2, 19], randomLabels([1, 19], 2), [1, 2]],
    given: { factor: "focal", gamma: 0.5, negativeWeight: 0.75 },
  },
  {
    why: "focal, logits of 1e4",
    inputs: [{ shape: [2, 1], values: [1e4, -1e4] }, labels([2], [1, 1])],
    given: { factor: "focal" },
  },
  {
    why: "margin",
    inputs: [[2, 3, 5, 7], randomLabels([2, 5, 7], 3, 255)],
    given: { factor: "margin" },
    gradient: held,
  },
  {
    why: "margin with weights, another exponent",
    inputs: [[2, 2, 19], randomLabels([2, 19], 2), [2, 2]],
    given: { factor: "margin", gamma: 1.5, margin: 0.01, negativeWeight: 0.5 },
    gradient: held,
  },
];

const log1pExp = (z: number) => Math.max(z, 0) + Math.log1p(Math.exp(-Math.abs(z)));
const sigmoid = (z: number) => (z < 0 ? Math.exp(z) : 1) / (1 + Math.exp(-Math.abs(z)));
/** Of the logarithm, its argument and the sum. */
const log1pExpUlps = (z: number) =>
  expUlps(z) * Math.exp(-Math.abs(z)) + logError(1 + Math.exp(-Math.abs(z))) + 2 * log1pExp(z);

/** The factor, and its error in ULP. */
function factorOf(z: number, { factor, gamma, margin }: BinaryCrossEntropyAttributes) {
  if (factor === "plain") return { value: 1, ulps: 0 };
  if (factor === "focal")
    return { value: sigmoid(z) ** gamma, ulps: gamma * log1pExpUlps(-z) + expUlps(gamma * log1pExp(-z)) };
  const distance = Math.max(Math.abs(sigmoid(z) - 0.5), margin);
  const exponent = gamma * Math.abs(Math.log2(distance));
  const distanceUlps = ((expUlps(z) + 5) * sigmoid(z) + 1) / distance;
  return { value: distance ** -gamma, ulps: gamma * (distanceUlps + 4) + 3 + 4 * exponent };
}

interface Channel {
  readonly place: number;
  readonly element: number;
  readonly z: number;
  readonly sign: number;
  readonly weight: number;
}

/** Calls `visit` for each channel of each pixel that counts; `unknown` for each pixel whose label is no class. */
function eachChannel(
  [x, labels, weights]: readonly ReferenceTensor[],
  attrs: BinaryCrossEntropyAttributes,
  visit: (channel: Channel) => void,
  unknown: (elements: readonly number[], place: number) => void,
): void {
  const channels = x!.shape[1]!;
  const first = channels === 1 ? 1 : 0;
  for (const { item, place, label, elements } of pixelsOf(x!, labels!)) {
    if (label === attrs.ignoreIndex) continue;
    if (label >= first + channels) unknown(elements, place);
    else
      elements.forEach((element, channel) => {
        const isOwn = label === first + channel;
        const sign = isOwn ? -1 : 1;
        const weight = isOwn ? (weights?.data[item * channels + channel] ?? 1) : attrs.negativeWeight;
        visit({ place, element, z: sign * x!.data[element]!, sign, weight });
      });
  }
}

export const binaryCrossEntropyCases: OperatorCases<BinaryCrossEntropyAttributes, BinaryCrossEntropyGiven> = {
  operator: binaryCrossEntropy,
  withoutInputGradient: [2],
  reference(inputs, attrs) {
    const data = new Float64Array(inputs[1]!.data.length);
    const magnitude = new Float64Array(data.length);
    const visit = ({ place, z, weight }: Channel) => {
      const { value, ulps } = factorOf(z, attrs);
      const loss = log1pExp(z);
      data[place]! += weight * value * loss;
      magnitude[place]! += Math.abs(weight * value) * Math.max(loss, (log1pExpUlps(z) + loss * (ulps + 4)) / 8);
    };
    eachChannel(inputs, attrs, visit, (_, place) => {
      data[place] = Number.NaN;
    });
    return [{ data, magnitude }];
  },
  cases,
};

export const binaryCrossEntropyGradientCases: OperatorCases<
  BinaryCrossEntropyAttributes,
  BinaryCrossEntropyAttributes
> = {
  operator: binaryCrossEntropyGradient,
  reference([g, ...inputs], attrs) {
    const data = new Float64Array(inputs[0]!.data.length);
    const magnitude = new Float64Array(data.length);
    const visit = ({ place, element, z, sign, weight }: Channel) => {
      const { value, ulps } = factorOf(z, attrs);
      const r = sigmoid(z);
      const focal = attrs.factor === "focal" ? attrs.gamma * (1 - r) * log1pExp(z) : 0;
      const scale = g!.data[place]! * weight * value;
      data[element] = scale * sign * (r + focal);
      const slopeUlps =
        r * (expUlps(z) + 4) + (attrs.factor === "focal" ? focal * 6 + attrs.gamma * log1pExpUlps(z) : 0);
      const size = Math.abs(r) + Math.abs(focal);
      magnitude[element] = Math.abs(scale) * Math.max(size, (slopeUlps + size * (ulps + 4)) / 8);
    };
    eachChannel(inputs, attrs, visit, (elements) => {
      for (const element of elements) data[element] = Number.NaN;
    });
    return [{ data, magnitude }];
  },
  cases: cases
    .filter(({ why }) => !why.startsWith("NaN"))
    .map(({ why, inputs, given }) => {
      const { shape } = inputs[1] as { shape: readonly number[] };
      return { why, inputs: [shape, ...inputs], given: binaryCrossEntropy.attributes(given) };
    }),
};
