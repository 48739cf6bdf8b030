import { type SumPartsAttributes, sumParts } from "../../../src/ops/reduce/sum-parts.ts";
import { elementCount } from "../../../src/tensor.ts";
import type { OperatorCases } from "../../support/operator-cases.ts";

export const sumPartsCases: OperatorCases<SumPartsAttributes, SumPartsAttributes> = {
  operator: sumParts,
  reference([x], { parts }) {
    const [items, channels] = x!.shape as [number, number];
    const plane = elementCount(x!.shape.slice(2));
    const part = (channels / parts) * plane;
    const data = new Float64Array(items * part);
    const magnitude = new Float64Array(items * part);
    for (let n = 0; n < items; n++) {
      for (let s = 0; s < parts; s++) {
        for (let i = 0; i < part; i++) {
          const term = x!.data[(n * parts + s) * part + i]!;
          data[n * part + i]! += term;
          magnitude[n * part + i]! += Math.abs(term);
        }
      }
    }
    return [{ data, magnitude }];
  },
  cases: [
    { why: "one part", inputs: [[1, 3, 4, 5]], given: { parts: 1 } },
    { why: "vectors", inputs: [[2, 12, 4, 4]], given: { parts: 3 } },
    { why: "leftover columns", inputs: [[2, 10, 3, 5]], given: { parts: 5 } },
    { why: "several workgroups", inputs: [[1, 64, 9, 10]], given: { parts: 8 } },
    { why: "planes of one pixel", inputs: [[2, 24, 1, 1]], given: { parts: 2 }, epilogue: { bias: true } },
    {
      why: "bias, residual and ReLU",
      inputs: [[2, 8, 4, 6]],
      given: { parts: 2 },
      epilogue: { bias: true, residual: true, activation: { kind: "relu" } },
    },
    {
      why: "residual and leaky ReLU, leftovers",
      inputs: [[2, 9, 5, 3]],
      given: { parts: 3 },
      epilogue: { residual: true, activation: { kind: "leaky-relu", slope: 0.1 } },
    },
  ],
};
