import { coordinates } from "../../../src/difference.ts";
import { type PadGradientAttributes, padGradient } from "../../../src/ops/move/pad-gradient.ts";
import { inputSpec, type OperatorCases } from "../../support/operator-cases.ts";
import { padCases, source } from "./pad.ts";

export const padGradientCases: OperatorCases<PadGradientAttributes, PadGradientAttributes> = {
  operator: padGradient,
  /** Scatters, where the kernel gathers. */
  reference([gy], { begin, end, mode }) {
    const shape = gy!.shape.map((size, axis) => size - begin[axis]! - end[axis]!);
    const data = new Float64Array(shape.reduce((product, size) => product * size, 1));
    const magnitude = new Float64Array(data.length);
    gy!.data.forEach((value, element) => {
      const from = coordinates(gy!.shape, element).map(
        (index, axis) => source(index - begin[axis]!, shape[axis]!, mode)!,
      );
      const at = from.reduce((place, index, axis) => place * shape[axis]! + index, 0);
      data[at]! += value;
      magnitude[at]! += Math.abs(value);
    });
    return [{ data, magnitude }];
  },
  cases: padCases.cases.flatMap(({ why, inputs, given: { begin, end, mode } }) => {
    const { shape, dtype } = inputSpec(inputs[0]!);
    if (dtype || mode === undefined || mode === "constant") return [];
    const padded = shape.map((size, axis) => begin[axis]! + size + end[axis]!);
    return [{ why, inputs: [padded], given: { begin, end, mode } }];
  }),
};
