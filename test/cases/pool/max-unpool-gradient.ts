import { coordinates } from "../../../src/difference.ts";
import type { MaxUnpoolAttributes } from "../../../src/ops/pool/attributes.ts";
import { maxUnpoolGradient } from "../../../src/ops/pool/max-unpool-gradient.ts";
import type { SpaceTypes } from "../../../src/ops/walk/window.ts";
import { inputSpec, type OperatorCases } from "../../support/operator-cases.ts";
import { maxUnpool2dCases, maxUnpool3dCases } from "./max-unpool.ts";

type Attributes = MaxUnpoolAttributes<SpaceTypes>;

/** The same windows, read where they were written. */
function casesOf<A extends Attributes, G extends object>({ operator, cases }: OperatorCases<A, G>) {
  return cases.map(({ why, inputs, given }) => {
    const [x, indices] = inputs.map(inputSpec);
    const attrs: Attributes = operator.attributes(given);
    const [y] = operator.shape(
      [
        { shape: x!.shape, dtype: "f32" },
        { shape: x!.shape, dtype: "i32" },
      ],
      operator.attributes(given),
    );
    return { why, inputs: [{ shape: y!.shape }, indices!], given: attrs };
  });
}

export const maxUnpoolGradientCases: OperatorCases<Attributes, Attributes> = {
  operator: maxUnpoolGradient,
  reference([gy, indices], { kernel, stride, padding }) {
    const [, , ...size] = gy!.shape;
    const plane = size.reduce((product, count) => product * count, 1);
    const data = indices!.data.map((index, element) => {
      const [n, c, ...window] = coordinates(indices!.shape, element) as [number, number, ...number[]];
      const isInside = coordinates(size, index).every((at, axis) => {
        const start = window[axis]! * stride[axis]! - padding[axis]!;
        return index >= 0 && at >= start && at < start + kernel[axis]!;
      });
      return isInside ? gy!.data[(n * gy!.shape[1]! + c) * plane + index]! : 0;
    });
    return [{ data, magnitude: new Float64Array(data.length), exact: true }];
  },
  cases: [
    ...casesOf(maxUnpool2dCases),
    ...casesOf(maxUnpool3dCases),
    {
      why: "indices outside of their windows: no gradient",
      inputs: [[2, 1, 2, 4], { shape: [2, 1, 1, 2], dtype: "i32", values: [-1, 1, 6, 100] }],
      given: { kernel: [2, 2], stride: [2, 2], padding: [0, 0, 0, 0], outputSize: undefined },
    },
  ],
};
