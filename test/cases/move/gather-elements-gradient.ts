import {
  type GatherElementsGradientAttributes,
  gatherElementsGradient,
} from "../../../src/ops/move/gather-elements-gradient.ts";
import { elementCount } from "../../../src/tensor.ts";
import { inputSpec, type OperatorCases } from "../../support/operator-cases.ts";
import { gatherElementsCases } from "./gather-elements.ts";

export const gatherElementsGradientCases: OperatorCases<
  GatherElementsGradientAttributes,
  GatherElementsGradientAttributes
> = {
  operator: gatherElementsGradient,
  reference([gy, index], { axis: given, size }) {
    const { shape } = index!;
    const axis = given < 0 ? given + shape.length : given;
    const [places, inner] = [shape[axis]!, elementCount(shape.slice(axis + 1))];
    const data = new Float64Array((gy!.data.length / places) * size);
    const magnitude = new Float64Array(data.length);
    gy!.data.forEach((value, element) => {
      const i = index!.data[element]!;
      const place = Math.min(Math.max(i < 0 ? i + size : i, 0), size - 1);
      const at = (Math.floor(element / inner / places) * size + place) * inner + (element % inner);
      data[at]! += value;
      magnitude[at]! += Math.abs(value);
    });
    return [{ data, magnitude }];
  },
  /** Its floats are f32 always. */
  storages: ["f32"],
  cases: gatherElementsCases.cases
    .filter(({ inputs }) => inputSpec(inputs[0]!).dtype === undefined)
    .map(({ why, inputs, given: { axis = 0 } }) => {
      const [x, index] = inputs.map(inputSpec);
      return { why, inputs: [index!.shape, index!], given: { axis, size: x!.shape.at(axis)! } };
    }),
};
