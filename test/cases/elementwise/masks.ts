import * as masks from "../../../src/ops/elementwise/masks.ts";
import type { DType, Shape } from "../../../src/tensor.ts";
import {
  brief,
  broadcasts,
  elementwiseCases,
  integers,
  ordered,
  pairs,
  type Result,
} from "../../support/broadcast-cases.ts";
import type { OperatorCase } from "../../support/operator-cases.ts";

const comparisons = [
  ...ordered,
  ...integers("i32"),
  ...integers("u32"),
  pairs(
    "large integers",
    [
      [16777216, 16777217],
      [2147483647, -2147483648],
    ],
    "i32",
  ),
  pairs(
    "beyond the sign bit",
    [
      [4294967295, 1],
      [2147483648, 2147483647],
    ],
    "u32",
  ),
];
const mask = (holds: boolean): Result => ({ value: holds ? 1 : 0 });

export const comparisonCases = [
  elementwiseCases(masks.equal, comparisons, (a, b) => mask(a === b)),
  elementwiseCases(masks.less, comparisons, (a, b) => mask(a < b)),
  elementwiseCases(masks.lessOrEqual, comparisons, (a, b) => mask(a <= b)),
  elementwiseCases(masks.greater, comparisons, (a, b) => mask(a > b)),
  elementwiseCases(masks.greaterOrEqual, comparisons, (a, b) => mask(a >= b)),
];

const truth = [
  ...broadcasts(brief, { dtype: "u32" }),
  pairs(
    "every combination, and other numbers than 1",
    [
      [0, 0],
      [0, 1],
      [1, 0],
      [1, 1],
      [2, 1],
      [0, 256],
    ],
    "u32",
  ),
];

export const logicalCases = [
  elementwiseCases(masks.logicalAnd, truth, (a, b) => mask(a !== 0 && b !== 0)),
  elementwiseCases(masks.logicalOr, truth, (a, b) => mask(a !== 0 || b !== 0)),
  elementwiseCases(masks.logicalXor, truth, (a, b) => mask((a !== 0) !== (b !== 0))),
  elementwiseCases(
    masks.logicalNot,
    truth.map((entry) => ({ ...entry, inputs: entry.inputs.slice(0, 1) })),
    (a) => mask(a === 0),
  ),
];

function choice(why: string, condition: Shape, a: Shape, b: Shape, dtype: DType = "f32"): OperatorCase<object> {
  const bits = Array.from({ length: condition.reduce((count, size) => count * size, 1) }, (_, i) => (i * 7) % 3);
  return {
    why,
    inputs: [
      { shape: condition, dtype: "u32", values: bits },
      { shape: a, dtype },
      { shape: b, dtype },
    ],
    given: {},
  };
}

export const whereCases = elementwiseCases(
  masks.where,
  [
    choice("scalars", [], [], []),
    choice("equal shapes, leftover of 4", [2, 3, 5, 7], [2, 3, 5, 7], [2, 3, 5, 7]),
    choice("vectors of 4 fit, a scalar for the rest", [2, 3, 4, 8], [2, 3, 4, 8], []),
    choice("several workgroups", [2, 13, 17, 19], [2, 13, 17, 19], [2, 13, 17, 19]),
    choice("all three broadcast", [5, 1, 1], [2, 1, 3, 1], [7]),
    choice("one mask for all channels", [2, 1, 4, 4], [2, 3, 4, 4], [1, 3, 1, 1]),
    choice("integers", [13], [13], [1], "i32"),
    choice("unsigned integers", [15], [15], [15], "u32"),
  ],
  (condition, a, b) => ({ value: condition !== 0 ? a : b }),
);
