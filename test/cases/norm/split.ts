import { normApply, normMoments } from "../../../src/ops/norm/split.ts";
import type { Shape } from "../../../src/tensor.ts";
import type { OperatorCase, OperatorCases } from "../../support/operator-cases.ts";

interface Split {
  readonly groups: number;
  readonly partTerms: number;
}

const count = (sizes: Shape) => sizes.reduce((product, size) => product * size, 1);

/** The terms of each part, [N * groups][parts]. */
function partsOf(shape: Shape, { groups, partTerms }: Split): number[][][] {
  const terms = count(shape) / (shape[0]! * groups);
  return Array.from({ length: shape[0]! * groups }, (_, row) =>
    Array.from({ length: Math.ceil(terms / partTerms) }, (_, part) => {
      const first = part * partTerms;
      return Array.from({ length: Math.min(partTerms, terms - first) }, (_, k) => row * terms + first + k);
    }),
  );
}

const shapes: readonly (readonly [why: string, shape: Shape, split: Split])[] = [
  ["one part", [1, 2, 3, 5], { groups: 2, partTerms: 15 }],
  ["a shorter part at the end", [2, 3, 7, 11], { groups: 3, partTerms: 30 }],
  ["groups of channels, several workgroups", [3, 6, 13, 15], { groups: 2, partTerms: 100 }],
  ["a part of one term", [1, 1, 201], { groups: 1, partTerms: 200 }],
];

export const normMomentsCases: OperatorCases<Split, Split> = {
  operator: normMoments,
  reference([x], split) {
    const results = partsOf(x!.shape, split)
      .flat()
      .flatMap((elements) => {
        const values = elements.map((element) => x!.data[element]!);
        const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
        const size = values.reduce((sum, value) => sum + Math.abs(value), 0) / values.length;
        const squares = values.reduce((sum, value) => sum + (value - mean) ** 2, 0);
        return [
          { value: mean, magnitude: size },
          { value: squares, magnitude: squares + size },
        ];
      });
    return [
      {
        data: Float64Array.from(results, ({ value }) => value),
        magnitude: Float64Array.from(results, ({ magnitude }) => magnitude),
      },
    ];
  },
  cases: shapes.map(([why, shape, given]): OperatorCase<Split> => ({ why, inputs: [shape], given })),
};

type Apply = Split & { readonly eps: number };

export const normApplyCases: OperatorCases<Apply, Apply> = {
  operator: normApply,
  reference([x, moments, weight, bias], attrs) {
    const data = new Float64Array(x!.data.length);
    const magnitude = new Float64Array(data.length);
    const [, channels, ...inner] = x!.shape as [number, number, ...number[]];
    let next = 0;
    for (const row of partsOf(x!.shape, attrs)) {
      const parts = row.map((elements) => ({
        terms: elements.length,
        mean: moments!.data[next++]!,
        squares: moments!.data[next++]!,
      }));
      const terms = row.flat().length;
      const mean = parts.reduce((sum, part) => sum + part.mean * part.terms, 0) / terms;
      const squares = parts.reduce((sum, part) => sum + part.squares + part.terms * (part.mean - mean) ** 2, 0);
      const scale = 1 / Math.sqrt(squares / terms + attrs.eps);
      for (const element of row.flat()) {
        const channel = Math.floor(element / count(inner)) % channels;
        const gain = scale * (weight?.data[channel] ?? 1);
        const shift = bias?.data[channel] ?? 0;
        data[element] = (x!.data[element]! - mean) * gain + shift;
        magnitude[element] = (Math.abs(x!.data[element]!) + 3 * Math.abs(mean)) * Math.abs(gain) + Math.abs(shift);
      }
    }
    return [{ data, magnitude }];
  },
  cases: [
    ...shapes.map(([why, shape, split]) => applyCase(why, shape, split, 2)),
    applyCase("weight alone", [2, 4, 9], { groups: 2, partTerms: 7 }, 1),
    applyCase("no weight", [2, 4, 9], { groups: 4, partTerms: 5 }, 0),
  ],
};

function applyCase(why: string, shape: Shape, split: Split, parameters: number): OperatorCase<Apply> {
  const parts = partsOf(shape, split)[0]!.length;
  const moments = { shape: [shape[0]!, split.groups, parts, 2], values: "positive" } as const;
  const vectors = Array.from({ length: parameters }, () => [shape[1]!]);
  return { why, inputs: [shape, moments, ...vectors], given: { ...split, eps: 1e-3 } };
}
