import { type GatherAttributes, type GatherGiven, gatherElements } from "../../../src/ops/move/gather.ts";
import type { Shape } from "../../../src/tensor.ts";
import type { OperatorCase, OperatorCases } from "../../support/operator-cases.ts";
import { createRandom } from "../../support/random.ts";

/** Random places along the axis, or the ones that are given. */
function entry(why: string, shape: Shape, index: Shape, axis: number, given?: readonly number[]) {
  const random = createRandom(3);
  const size = shape.at(axis)!;
  const count = index.reduce((product, length) => product * length, 1);
  const values = given ?? Array.from({ length: count }, () => Math.floor(random() * size));
  const inputs = [
    { shape, values: "distinct" as const },
    { shape: index, dtype: "i32" as const, values },
  ];
  return { why, inputs, given: { axis } } satisfies OperatorCase<GatherGiven>;
}

export const gatherElementsCases: OperatorCases<GatherAttributes, GatherGiven> = {
  operator: gatherElements,
  reference([x, index], { axis: given }) {
    const { shape } = x!;
    const axis = given < 0 ? given + shape.length : given;
    const data = index!.data.map((stated, i) => {
      let rest = i;
      const place = index!.shape.map(() => 0);
      for (let a = place.length - 1; a >= 0; a--) {
        place[a] = rest % index!.shape[a]!;
        rest = Math.floor(rest / index!.shape[a]!);
      }
      const size = shape[axis]!;
      place[axis] = Math.min(Math.max(stated < 0 ? stated + size : stated, 0), size - 1);
      return x!.data[place.reduce((at, coordinate, a) => at * shape[a]! + coordinate, 0)]!;
    });
    return [{ data, magnitude: new Float64Array(data.length), exact: true }];
  },
  cases: [
    entry("one element", [1], [1], 0),
    entry("first axis, fewer rows than x", [5, 3, 4], [2, 3, 4], 0),
    entry("a middle axis, more places than x has", [2, 3, 7], [2, 9, 7], 1),
    entry("last axis, several workgroups", [3, 13, 15], [3, 13, 15], -1),
    entry("shorter along every axis: the first rows and columns", [4, 6, 5], [3, 2, 4], 2),
    entry("a label for each pixel (negative log likelihood)", [2, 4, 5, 7], [2, 1, 5, 7], 1),
    entry("negative indices count from the end", [2, 5], [2, 2], 1, [-1, -5, -2, 0]),
    entry("beyond the axis: its nearest element", [2, 5], [2, 2], 1, [5, 100, -6, -100]),
    {
      why: "integers",
      inputs: [
        { shape: [3, 3], dtype: "u32" },
        { shape: [2, 3], dtype: "i32", values: [2, 1, 0, 0, 0, 2] },
      ],
      given: {},
    },
  ],
};
