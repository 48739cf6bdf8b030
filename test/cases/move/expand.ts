import { type TileAttributes, tile } from "../../../src/ops/move/tile.ts";
import { type ExpandAttributes, expand } from "../../../src/ops/reduce/sum-expand.ts";
import type { Shape } from "../../../src/tensor.ts";
import type { OperatorCase, OperatorCases, ReferenceTensor } from "../../support/operator-cases.ts";

/** An output whose element at an index is the input's at that index modulo its sizes, aligned at the last axis. */
function repeated(x: ReferenceTensor, shape: Shape) {
  const data = Float64Array.from({ length: shape.reduce((product, size) => product * size, 1) }, (_, element) => {
    let [rest, place, stride] = [element, 0, 1];
    for (let axis = 1; axis <= x.shape.length; axis++) {
      const [size, own] = [shape.at(-axis)!, x.shape.at(-axis)!];
      place += ((rest % size) % own) * stride;
      rest = Math.floor(rest / size);
      stride *= own;
    }
    return x.data[place]!;
  });
  return [{ data, magnitude: new Float64Array(data.length), exact: true as const }];
}

function expandCase(why: string, x: Shape, shape: Shape): OperatorCase<ExpandAttributes> {
  return { why, inputs: [{ shape: x, values: "distinct" }], given: { shape } };
}

export const expandCases: OperatorCases<ExpandAttributes, ExpandAttributes> = {
  operator: expand,
  reference([x], { shape }) {
    const rank = Math.max(shape.length, x!.shape.length);
    const joint = Array.from({ length: rank }, (_, i) => Math.max(shape.at(i - rank) ?? 1, x!.shape.at(i - rank) ?? 1));
    return repeated(x!, joint);
  },
  cases: [
    expandCase("a scalar", [], [2, 3]),
    expandCase("the same shape", [2, 3, 4], [2, 3, 4]),
    expandCase("planes from one element per channel, several workgroups", [2, 3, 1, 1], [2, 3, 13, 15]),
    expandCase("rows of 4 fit", [3, 1, 8], [3, 5, 8]),
    expandCase("a batch, axes in front", [4, 1], [3, 2, 4, 5]),
    expandCase("1 keeps the size", [5, 7], [1, 1]),
    expandCase("both repeat", [5, 1], [1, 7]),
    { why: "integers", inputs: [{ shape: [3, 1], dtype: "i32" }], given: { shape: [3, 4] } },
  ],
};

function tileCase(why: string, x: Shape, repeats: readonly number[]): OperatorCase<TileAttributes> {
  return { why, inputs: [{ shape: x, values: "distinct" }], given: { repeats } };
}

export const tileCases: OperatorCases<TileAttributes, TileAttributes> = {
  operator: tile,
  reference: ([x], { repeats }) =>
    repeated(
      x!,
      x!.shape.map((size, axis) => size * repeats[axis]!),
    ),
  cases: [
    tileCase("once: a copy", [2, 3], [1, 1]),
    tileCase("a vector", [5], [3]),
    tileCase("rows of 4 fit", [3, 8], [2, 3]),
    tileCase("odd sizes, every axis, several workgroups", [2, 3, 5, 7], [3, 2, 2, 3]),
    tileCase("the batch", [2, 3, 4], [4, 1, 1]),
    tileCase("the last axis alone", [2, 3, 1], [1, 1, 13]),
  ],
};
