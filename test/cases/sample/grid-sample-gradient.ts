import {
  type GridSampleGradientAttributes,
  gridSampleGradient,
  gridSampleGridGradient,
} from "../../../src/ops/sample/grid-sample-gradient.ts";
import { elementCount } from "../../../src/tensor.ts";
import { inputSpec, type OperatorCases } from "../../support/operator-cases.ts";
import { type AnyAttributes, gridSample2dCases, gridSample3dCases, tapsOf } from "./grid-sample.ts";

/** A step that float64 sees and no kink is within. */
const step = 2 ** -20;

/** The cases of sampling whose gradients are checked, with their attributes in full. */
function sampledBy<A extends AnyAttributes, G extends object>({ cases, operator }: OperatorCases<A, G>) {
  return cases
    .filter(({ gradient, why }) => gradient === undefined && !why.startsWith("places that are no number"))
    .map(({ why, inputs, given }) => {
      const [x, grid] = inputs.map(inputSpec);
      const { mode, padding, alignCorners } = operator.attributes(given);
      const y = [...x!.shape.slice(0, 2), ...grid!.shape.slice(1, -1)];
      return { why: `${why}, ${operator.name}`, x: x!.shape, grid: grid!, y, attrs: { mode, padding, alignCorners } };
    });
}

const sampled = [...sampledBy(gridSample2dCases), ...sampledBy(gridSample3dCases)];

export const gridSampleGradientCases: OperatorCases<GridSampleGradientAttributes, GridSampleGradientAttributes> = {
  operator: gridSampleGradient,
  /** Its floats are f32 always. */
  storages: ["f32"],
  reference([gy, grid], { inputSize, ...attrs }) {
    const [items, channels] = gy!.shape as [number, number];
    const [rank, plane] = [inputSize.length, elementCount(inputSize)];
    const places = grid!.data.length / items / rank;
    const data = new Float64Array(items * channels * plane);
    const magnitude = new Float64Array(data.length);
    for (let at = 0; at < items * places; at++) {
      const place = grid!.data.subarray(at * rank, (at + 1) * rank);
      for (const { pixel, weight } of tapsOf(place, inputSize, attrs))
        for (let c = 0; c < channels; c++) {
          const of = Math.floor(at / places) * channels + c;
          const value = gy!.data[of * places + (at % places)]!;
          data[of * plane + pixel]! += weight * value;
          // As of the sample: a place is rounded before it is a position.
          magnitude[of * plane + pixel]! += Math.abs(value) * (1 + Math.max(...inputSize));
        }
    }
    return [{ data, magnitude }];
  },
  cases: sampled.map(({ why, x, grid, y, attrs }) => ({
    why,
    inputs: [y, grid],
    given: { ...attrs, inputSize: x.slice(2) },
  })),
};

export const gridSampleGridGradientCases: OperatorCases<AnyAttributes, AnyAttributes> = {
  operator: gridSampleGridGradient,
  /** By differences. */
  reference([gy, x, grid], attrs) {
    const [items, channels, ...sizes] = x!.shape as [number, number, ...number[]];
    const [rank, plane] = [sizes.length, elementCount(sizes)];
    const places = grid!.data.length / items / rank;
    const data = new Float64Array(grid!.data.length);
    const magnitude = new Float64Array(data.length);
    data.forEach((_, element) => {
      const at = Math.floor(element / rank);
      const axis = element % rank;
      for (const sign of [-1, 1]) {
        const place = grid!.data.slice(at * rank, (at + 1) * rank);
        place[axis]! += sign * step;
        for (const { pixel, weight } of tapsOf(place, sizes, attrs))
          for (let c = 0; c < channels; c++) {
            const of = Math.floor(at / places) * channels + c;
            const product = gy!.data[of * places + (at % places)]! * x!.data[of * plane + pixel]!;
            data[element]! += (sign * weight * product) / (2 * step);
            // Weights are off by as many units as there are pixels, and so is the slope times the pixels that one unit spans.
            magnitude[element]! += Math.abs(product) * (1 + Math.max(...sizes)) * sizes[rank - 1 - axis]!;
          }
      }
    });
    return [{ data, magnitude }];
  },
  cases: sampled
    .filter(({ attrs }) => attrs.mode !== "nearest")
    .map(({ why, x, grid, y, attrs }) => ({ why, inputs: [y, x, grid], given: attrs })),
};
