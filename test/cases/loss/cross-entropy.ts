import {
  type CrossEntropyAttributes,
  type CrossEntropyGiven,
  crossEntropy,
  crossEntropyGradient,
} from "../../../src/ops/loss/cross-entropy.ts";
import { expUlps, logError } from "../../support/functions.ts";
import { pixelsOf, randomLabels } from "../../support/labels.ts";
import type { OperatorCase, OperatorCases, ReferenceTensor } from "../../support/operator-cases.ts";

const labels = (shape: readonly number[], values: readonly number[]) => ({ shape, dtype: "u32" as const, values });

type Case = OperatorCase<CrossEntropyGiven>;

const cases: readonly Case[] = [
  { why: "one class", inputs: [[2, 1, 3], labels([2, 3], [0, 0, 0, 0, 0, 255])], given: {} },
  { why: "a class per item, no pixels", inputs: [[5, 3], randomLabels([5], 3)], given: {} },
  {
    why: "an image, batch 2, several workgroups, some pixels ignored",
    inputs: [[2, 7, 13, 15], randomLabels([2, 13, 15], 7, 255)],
    given: {},
  },
  { why: "weights per item and class", inputs: [[2, 3, 4, 5], randomLabels([2, 4, 5], 3, 255), [2, 3]], given: {} },
  { why: "a volume", inputs: [[2, 3, 3, 4, 5], randomLabels([2, 3, 4, 5], 3)], given: {} },
  { why: "a class is ignored", inputs: [[1, 3, 4, 5], randomLabels([1, 4, 5], 3)], given: { ignoreIndex: 0 } },
  { why: "everything is ignored", inputs: [[1, 2, 2], labels([1, 2], [255, 255])], given: {} },
  {
    why: "logits of 1e4",
    inputs: [{ shape: [2, 3], values: [1e4, 9999, 9990, -1e4, 1e4, -9998.5] }, labels([2], [1, 2])],
    given: {},
  },
  {
    why: "logits of 6e4",
    inputs: [{ shape: [2, 2], values: [6e4, -6e4, -6e4, -6e4] }, labels([2], [1, 1])],
    gradient: "differences of losses of 1e5 lose their digits",
    given: {},
  },
  {
    why: "an impossible class",
    inputs: [
      { shape: [2, 3], values: [Number.NEGATIVE_INFINITY, 1, 2, 3, Number.NEGATIVE_INFINITY, 1] },
      labels([2], [1, 0]),
    ],
    given: {},
  },
  {
    why: "NaN and unknown labels are NaN",
    inputs: [{ shape: [3, 2], values: [Number.NaN, 1, 1, 2, 1, 2] }, labels([3], [1, 2, 1])],
    given: {},
    gradient: "NaN",
  },
  { why: "focal", inputs: [[2, 5, 7, 9], randomLabels([2, 7, 9], 5, 255)], given: { gamma: 2 } },
  {
    why: "focal with weights and a gamma below 1",
    inputs: [[2, 3, 17], randomLabels([2, 17], 3), [2, 3]],
    given: { gamma: 0.5 },
  },
  {
    why: "focal of certain pixels, right and wrong",
    inputs: [{ shape: [3, 2], values: [1e4, -1e4, 1e4, -1e4, 30, 0] }, labels([3], [0, 1, 0])],
    given: { gamma: 0.5 },
    gradient: "the slope at 0 is infinite",
  },
  {
    why: "sets: one class, two, none, all, and bits beyond",
    inputs: [[1, 3, 7], labels([1, 7], [1, 3, 0, 7, 0xffffffff, 0xfffffffd, 0xfffffff8])],
    given: { labels: "sets" },
  },
  {
    why: "sets, several workgroups",
    inputs: [[2, 4, 13, 15], randomLabels([2, 13, 15], 16)],
    given: { labels: "sets" },
  },
  {
    why: "sets of 32 classes",
    inputs: [[1, 32, 5], labels([1, 5], [0x80000001, 0xf0f0f0f0, 0xffffffff, 0, 0x40000000])],
    given: { labels: "sets" },
  },
  {
    why: "sets with weights, focal",
    inputs: [[2, 4, 9], randomLabels([2, 9], 16), [2, 4]],
    given: { labels: "sets", gamma: 2 },
  },
  {
    why: "sets, logits of 1e4",
    inputs: [{ shape: [2, 3], values: [1e4, -1e4, -9999, -1e4, 9999, 1e4] }, labels([2], [6, 3])],
    given: { labels: "sets" },
  },
];

/** What the loss of a pixel is made of, and how many ULP WGSL grants to its parts. */
function partsOf(x: readonly number[], isAdmitted: (k: number) => boolean) {
  const admitted = x.filter((_, k) => isAdmitted(k));
  const all = logSum(x);
  const own = logSum(admitted);
  const rest = x.reduce((sum, v, k) => sum + (isAdmitted(k) ? 0 : Math.exp(v - all.value)), 0);
  const loss = all.largest - own.largest + (Math.log(all.sum) - Math.log(own.sum));
  const lossUlps = all.ulps + own.ulps + Math.abs(all.largest - own.largest) + Math.abs(loss);
  return { loss, lossUlps, rest, all, own };
}

function logSum(x: readonly number[]) {
  const largest = Math.max(...x);
  const terms = x.map((v) => Math.exp(v - largest));
  const sum = terms.reduce((total, term) => total + term, 0);
  // Rounding v - largest costs half of it in ULP, and each term is rounded once more.
  const termUlps = x.map(
    (v, k) => (terms[k]! / sum) * (expUlps(v - largest) + Math.abs(Math.max(v - largest, -1e3)) / 2),
  );
  const sumUlps = termUlps.reduce((total, ulps) => total + ulps, x.length / 2);
  const exact = x.length === 1;
  return { largest, sum, sumUlps, value: largest + Math.log(sum), ulps: exact ? 0 : sumUlps + logError(sum) };
}

/** rest^gamma: pow is exp2(gamma * log2(rest)). */
function focus(rest: number, gamma: number, restUlps: number) {
  if (gamma === 0) return { value: 1, ulps: 0 };
  if (rest === 0) return { value: 0, ulps: 0 };
  const size = Math.abs(gamma * Math.log2(rest));
  return { value: rest ** gamma, ulps: Math.abs(gamma) * (restUlps + 4) + 3 + 4 * size };
}

const isSet = (attrs: CrossEntropyAttributes) => attrs.labels === "sets";

interface LossPixel extends ReturnType<typeof partsOf> {
  readonly item: number;
  readonly place: number;
  readonly weight: number;
  readonly elements: readonly number[];
  readonly logits: readonly number[];
  readonly isAdmitted: (k: number) => boolean;
  readonly focal: ReturnType<typeof focus>;
  readonly restUlps: number;
}

/** Calls `visit` for each pixel that counts; `unknown` for each whose label is no class. */
function eachPixel(
  [x, labels, weights]: readonly ReferenceTensor[],
  attrs: CrossEntropyAttributes,
  visit: (pixel: LossPixel) => void,
  unknown: (elements: readonly number[], place: number) => void,
): void {
  const classes = x!.shape[1]!;
  for (const { item, place, label, elements } of pixelsOf(x!, labels!)) {
    const admits = (k: number) => (isSet(attrs) ? Math.floor(label / 2 ** k) % 2 === 1 : label === k);
    const admitted = elements.map((_, k) => k).filter(admits);
    const isIgnored = isSet(attrs) ? admitted.length % classes === 0 : label === attrs.ignoreIndex;
    if (isIgnored) continue;
    if (admitted.length === 0) {
      unknown(elements, place);
      continue;
    }
    const logits = elements.map((element) => x!.data[element]!);
    const weightSum = admitted.reduce((sum, k) => sum + (weights ? weights.data[item * classes + k]! : 1), 0);
    const parts = partsOf(logits, admits);
    const restUlps = 2 * parts.all.sumUlps + 3 + 2 * classes;
    const focal = focus(parts.rest, attrs.gamma, restUlps);
    const weight = weightSum / admitted.length;
    visit({ ...parts, item, place, weight, elements, logits, isAdmitted: admits, focal, restUlps });
  }
}

export const crossEntropyCases: OperatorCases<CrossEntropyAttributes, CrossEntropyGiven> = {
  operator: crossEntropy,
  withoutInputGradient: [2],
  reference(inputs, attrs) {
    const data = new Float64Array(inputs[1]!.data.length);
    const magnitude = new Float64Array(data.length);
    const visit = ({ place, weight, loss, lossUlps, focal }: LossPixel) => {
      data[place] = weight * focal.value * loss;
      const ulps = lossUlps + Math.abs(loss) * (focal.ulps + 4);
      magnitude[place] = Number.isFinite(loss)
        ? Math.abs(weight * focal.value) * Math.max(Math.abs(loss), ulps / 8)
        : 0;
    };
    eachPixel(inputs, attrs, visit, (_, place) => {
      data[place] = Number.NaN;
    });
    return [{ data, magnitude }];
  },
  cases,
};

export const crossEntropyGradientCases: OperatorCases<CrossEntropyAttributes, CrossEntropyAttributes> = {
  operator: crossEntropyGradient,
  reference([g, ...inputs], attrs) {
    const data = new Float64Array(inputs[0]!.data.length);
    const magnitude = new Float64Array(data.length);
    const visit = (pixel: LossPixel) => {
      const { rest, loss, all, own, logits, isAdmitted, focal, restUlps } = pixel;
      const { gamma } = attrs;
      const scale = g!.data[pixel.place]! * pixel.weight;
      const lower = gamma === 0 ? { value: 0, ulps: 0 } : focus(rest, gamma - 1, restUlps);
      const second = gamma === 0 ? 0 : gamma * lower.value * (1 - rest) * loss;
      const slope = focal.value + second;
      // 1 - rest is as good as rest and 1 are.
      const secondUlps =
        gamma === 0 ? 0 : gamma * lower.value * (restUlps * loss + pixel.lossUlps + loss * (lower.ulps + 6));
      const slopeUlps = focal.value * focal.ulps + secondUlps;
      pixel.elements.forEach((element, k) => {
        const share = (of: typeof all) => Math.exp(logits[k]! - of.value);
        const ulps = (of: typeof all) =>
          share(of) * (expUlps(logits[k]! - of.largest) + Math.abs(logits[k]! - of.largest) / 2 + of.sumUlps + 4);
        const finite = (value: number) => (Number.isFinite(value) ? value : 0);
        const [p, q] = [share(all), isAdmitted(k) ? share(own) : 0];
        data[element] = scale * slope * (p - q);
        const apart = finite(ulps(all)) + (isAdmitted(k) ? finite(ulps(own)) : 0) + 1;
        magnitude[element] =
          Math.abs(scale) * ((Math.abs(slope) * Math.max(8 * (p + q), apart) + (p + q) * slopeUlps) / 8);
      });
    };
    eachPixel(inputs, attrs, visit, (elements) => {
      for (const element of elements) data[element] = Number.NaN;
    });
    return [{ data, magnitude }];
  },
  cases: cases
    .filter(({ why }) => !/impossible|NaN/.test(why))
    .map(({ why, inputs, given }) => {
      const { shape } = inputs[1] as { shape: readonly number[] };
      return { why, inputs: [shape, ...inputs], given: crossEntropy.attributes(given) };
    }),
};
