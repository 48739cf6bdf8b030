import { type GatherGradientAttributes, gatherGradient } from "../../../src/ops/move/gather-gradient.ts";
import type { Shape } from "../../../src/tensor.ts";
import { inputSpec, type OperatorCases } from "../../support/operator-cases.ts";
import { gatherCases } from "./gather.ts";

export const gatherGradientCases: OperatorCases<GatherGradientAttributes, GatherGradientAttributes> = {
  operator: gatherGradient,
  /** Scatters, where the kernel gathers. */
  reference([gy, index], { axis: given, shape }) {
    const axis = given < 0 ? given + shape.length : given;
    const count = (sizes: Shape) => sizes.reduce((product, size) => product * size, 1);
    const [size, inner] = [shape[axis]!, count(shape.slice(axis + 1))];
    const data = new Float64Array(count(shape));
    const magnitude = new Float64Array(data.length);
    gy!.data.forEach((value, element) => {
      const places = index!.data.length;
      const i = index!.data[Math.floor(element / inner) % places]!;
      const place = Math.min(Math.max(i < 0 ? i + size : i, 0), size - 1);
      const at = (Math.floor(element / inner / places) * size + place) * inner + (element % inner);
      data[at]! += value;
      magnitude[at]! += Math.abs(value);
    });
    return [{ data, magnitude }];
  },
  cases: gatherCases.cases
    .filter(({ inputs }) => inputSpec(inputs[0]!).dtype === undefined)
    .map(({ why, inputs, given }) => {
      const [x, index] = inputs.map(inputSpec);
      const attrs = gatherCases.operator.attributes(given);
      const [y] = gatherCases.operator.shape(
        [
          { shape: x!.shape, dtype: "f32" },
          { shape: index!.shape, dtype: "i32" },
        ],
        attrs,
      );
      return { why, inputs: [y!.shape, index!], given: { ...attrs, shape: x!.shape } };
    }),
};
