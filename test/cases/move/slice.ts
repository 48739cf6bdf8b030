import { type SliceAttributes, type SliceGiven, slice } from "../../../src/ops/move/slice-pad.ts";
import type { OperatorCases, ReferenceTensor } from "../../support/operator-cases.ts";

const inf = Number.POSITIVE_INFINITY;

export const sliceCases: OperatorCases<SliceAttributes, SliceGiven> = {
  operator: slice,
  reference([x], { axes, starts, ends, steps }) {
    let result: ReferenceTensor = x!;
    axes.forEach((given, i) => {
      const axis = given < 0 ? given + x!.shape.length : given;
      result = cut(result, axis, { start: starts[i]!, end: ends[i]!, step: steps[i]! });
    });
    return [{ data: result.data, magnitude: new Float64Array(result.data.length), exact: true }];
  },
  cases: [
    { why: "all of it", inputs: [[2, 3, 4]], given: { starts: [], ends: [] } },
    { why: "one element", inputs: [[2, 3, 4]], given: { starts: [1, 2, 3], ends: [2, 3, 4] } },
    { why: "one item of the batch", inputs: [[3, 5, 4]], given: { starts: [1], ends: [2] } },
    {
      why: "crop of an image, batch 2, several workgroups",
      inputs: [[2, 3, 32, 32]],
      given: { axes: [2, 3], starts: [3, 5], ends: [30, 28] },
    },
    { why: "crop in fours", inputs: [[2, 3, 8, 16]], given: { axes: [-1], starts: [4], ends: [12] } },
    { why: "channels", inputs: [[2, 8, 5, 7]], given: { axes: [1], starts: [2], ends: [5] } },
    { why: "negative indices", inputs: [[2, 9, 7]], given: { axes: [1, 2], starts: [-4, -7], ends: [-1, -2] } },
    { why: "indices outside are clamped", inputs: [[3, 5]], given: { starts: [-100, 2], ends: [100, inf] } },
    { why: "every second row, every third column", inputs: [[2, 13, 17]], given: { ...all(3), steps: [1, 2, 3] } },
    { why: "step over the batch", inputs: [[7, 4, 4]], given: { starts: [1], ends: [inf], steps: [2] } },
    { why: "step longer than the axis", inputs: [[4, 5]], given: { ...all(2), steps: [9, 9] } },
    {
      why: "rank 5",
      inputs: [[2, 3, 5, 4, 6]],
      given: { starts: [0, 1, 1, 0, 1], ends: [2, 3, 5, 4, -1], steps: [1, 1, 2, 3, 2] },
    },
    { why: "vector of u32", inputs: [{ shape: [15], dtype: "u32" }], given: { starts: [3], ends: [-3], steps: [4] } },
    { why: "i32", inputs: [{ shape: [3, 4], dtype: "i32" }], given: { axes: [1], starts: [1], ends: [3] } },
  ],
};

function all(rank: number): SliceGiven {
  return { starts: Array(rank).fill(0), ends: Array(rank).fill(inf) };
}

/** x[start:end:step] along one axis, by asking of each index whether it is in. */
function cut(x: ReferenceTensor, axis: number, range: { start: number; end: number; step: number }): ReferenceTensor {
  const size = x.shape[axis]!;
  const inner = x.shape.slice(axis + 1).reduce((product, s) => product * s, 1);
  const fromStart = (index: number) => (index < 0 ? index + size : index);
  const start = Math.max(0, fromStart(range.start));
  const isIn = (k: number) => k >= start && k < fromStart(range.end) && (k - start) % range.step === 0;
  const kept = Array.from({ length: size }, (_, k) => k).filter(isIn);
  const data = x.data.filter((_, element) => isIn(Math.floor(element / inner) % size));
  return { shape: x.shape.map((s, a) => (a === axis ? kept.length : s)), data };
}
