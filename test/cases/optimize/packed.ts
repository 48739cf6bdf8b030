import { pack, type UnpackAttributes, unpack } from "../../../src/ops/optimize/packed.ts";
import { elementCount } from "../../../src/tensor.ts";
import type { OperatorCases } from "../../support/operator-cases.ts";

/** Without gaps, which would hold anything: tensors are whole blocks of 128. */
export const packCases: OperatorCases = {
  operator: pack,
  reference(inputs) {
    const data = Float64Array.from(inputs.flatMap((input) => [...input.data]));
    return [{ data, magnitude: new Float64Array(data.length), exact: true }];
  },
  cases: [
    { why: "one tensor", inputs: [[2, 64]], given: {} },
    { why: "three of several ranks", inputs: [[128], [4, 3, 8, 8], [16, 16]], given: {} },
    {
      why: "integers",
      inputs: [
        { shape: [256], dtype: "u32" },
        { shape: [2, 64], dtype: "u32" },
      ],
      given: {},
    },
  ],
};

export const unpackCases: OperatorCases<UnpackAttributes, UnpackAttributes> = {
  operator: unpack,
  reference([x], { offset, shape }) {
    const data = x!.data.slice(offset, offset + elementCount(shape));
    return [{ data, magnitude: new Float64Array(data.length), exact: true }];
  },
  cases: [
    { why: "the whole", inputs: [[128]], given: { offset: 0, shape: [128] } },
    { why: "a part, odd sizes", inputs: [[512]], given: { offset: 128, shape: [3, 5, 7] } },
    { why: "the last element", inputs: [[384]], given: { offset: 383, shape: [] } },
  ],
};
