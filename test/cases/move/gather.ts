import { type GatherAttributes, type GatherGiven, gather } from "../../../src/ops/move/gather.ts";
import type { Shape } from "../../../src/tensor.ts";
import type { InputSpec, OperatorCase, OperatorCases } from "../../support/operator-cases.ts";

function gatherCase(why: string, shape: Shape, index: Shape, values: readonly number[], given: GatherGiven = {}) {
  const indices: InputSpec = { shape: index, dtype: "i32", values };
  return { why, inputs: [{ shape, values: "distinct" }, indices], given } satisfies OperatorCase<GatherGiven>;
}

export const gatherCases: OperatorCases<GatherAttributes, GatherGiven> = {
  operator: gather,
  reference([x, index], { axis: given }) {
    const axis = given < 0 ? given + x!.shape.length : given;
    const count = (sizes: Shape) => sizes.reduce((product, size) => product * size, 1);
    const [outer, size, inner] = [count(x!.shape.slice(0, axis)), x!.shape[axis]!, count(x!.shape.slice(axis + 1))];
    const data: number[] = [];
    for (let o = 0; o < outer; o++)
      for (const i of index!.data) {
        const place = Math.min(Math.max(i < 0 ? i + size : i, 0), size - 1);
        for (let n = 0; n < inner; n++) data.push(x!.data[(o * size + place) * inner + n]!);
      }
    return [{ data: Float64Array.from(data), magnitude: new Float64Array(data.length), exact: true }];
  },
  cases: [
    gatherCase("one element", [1], [1], [0]),
    gatherCase("first axis, out of order", [5, 3, 4], [3], [4, 0, 2]),
    gatherCase("channels, with repeats", [2, 3, 5, 7], [5], [2, 2, 0, 1, 2], { axis: 1 }),
    gatherCase("last axis, several workgroups", [3, 13, 15], [4], [14, 0, 7, 7], { axis: -1 }),
    gatherCase("a scalar index drops the axis", [3, 4, 5], [], [2], { axis: 1 }),
    gatherCase("indices of rank 2", [4, 6], [2, 3], [3, 0, 1, 1, 2, 0]),
    gatherCase("indices of rank 2 in the middle", [2, 4, 3], [2, 2], [3, 1, 0, 2], { axis: 1 }),
    gatherCase("negative indices count from the end", [2, 5], [3], [-1, -5, -2], { axis: 1 }),
    gatherCase("beyond the axis: its nearest element", [2, 5], [4], [5, 100, -6, -100], { axis: 1 }),
    {
      why: "integers",
      inputs: [
        { shape: [7], dtype: "u32" },
        { shape: [3], dtype: "i32", values: [6, 1, 1] },
      ],
      given: {},
    },
  ],
};
