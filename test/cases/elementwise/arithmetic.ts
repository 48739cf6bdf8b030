import * as arithmetic from "../../../src/ops/elementwise/arithmetic.ts";
import {
  brief,
  broadcasts,
  elementwiseCases,
  integers,
  ordered,
  pairs,
  rounded,
  shapes,
  withoutDifferences,
} from "../../support/broadcast-cases.ts";

const { NaN: nan } = Number;

const positive = broadcasts(brief, { b: "positive" });
const wrapping = pairs(
  "beyond 32 bits",
  [
    [0x7fffffff, 1],
    [-0x80000000, -1],
    [65537, 65537],
  ],
  "i32",
);

export const addCases = elementwiseCases(arithmetic.add, broadcasts(shapes), (a, b) =>
  rounded(a + b, Math.abs(a) + Math.abs(b)),
);
export const subCases = elementwiseCases(arithmetic.sub, broadcasts(brief), (a, b) =>
  rounded(a - b, Math.abs(a) + Math.abs(b)),
);
export const mulCases = elementwiseCases(arithmetic.mul, broadcasts(brief), (a, b) => rounded(a * b));
export const divCases = elementwiseCases(arithmetic.div, positive, (a, b) => rounded(a / b));

export const maximumCases = elementwiseCases(
  arithmetic.maximum,
  [...ordered, ...integers("i32"), ...integers("u32")],
  (a, b) => ({ value: Math.max(a, b) }),
);
export const minimumCases = elementwiseCases(
  arithmetic.minimum,
  [...ordered, ...integers("i32"), ...integers("u32")],
  (a, b) => ({ value: Math.min(a, b) }),
);

/** Integers: whatever their type, results are taken modulo 2^32. */
export const integerCases = [
  elementwiseCases(arithmetic.add, [...integers("i32"), ...integers("u32"), wrapping], (a, b) => ({
    value: a < 0 || b < 0 || a + b > 0x7fffffff ? (a + b) | 0 : a + b,
  })),
  elementwiseCases(arithmetic.sub, [...integers("i32"), wrapping], (a, b) => ({ value: (a - b) | 0 })),
  elementwiseCases(arithmetic.mul, [...integers("i32"), wrapping], (a, b) => ({ value: Math.imul(a, b) })),
  elementwiseCases(
    arithmetic.div,
    [
      pairs(
        "towards zero",
        [
          [7, 2],
          [-7, 2],
          [7, -2],
          [-7, -2],
          [6, 3],
          [0, 5],
        ],
        "i32",
      ),
      pairs(
        "by zero",
        [
          [7, 0],
          [-7, 0],
          [0, 0],
        ],
        "i32",
      ),
      pairs(
        "unsigned",
        [
          [7, 2],
          [4294967295, 2],
          [3, 4294967295],
        ],
        "u32",
      ),
    ],
    (a, b) => ({ value: b === 0 ? a : Math.trunc(a / b) }),
  ),
];

/** WGSL's pow inherits the errors of exp2(b * log2(a)): in units of 8 eps32, relative to the result. */
function powError(a: number, b: number): number {
  const log = Math.abs(Math.log2(Math.abs(a)));
  const logError = Math.abs(a) >= 0.5 && Math.abs(a) <= 2 ? 4 : 3 * log;
  return (Math.abs(b) * logError * Math.LN2 + 3 + 3 * Math.abs(b) * log) / 8;
}

export const powCases = elementwiseCases(
  arithmetic.pow,
  [
    ...broadcasts(brief, { a: "positive" }),
    pairs("squares of either sign", [
      [-3, 2],
      [0.1, 2],
      [-0, 2],
      [1e10, 2],
    ]),
    withoutDifferences(
      "the exponent's is NaN",
      pairs("whole exponents of negative numbers", [
        [-2, 3],
        [-2, -1],
        [-0.5, 4],
        [-1.5, -3],
        [-1, 7],
      ]),
    ),
    withoutDifferences(
      "NaN",
      pairs("roots of negative numbers are NaN", [
        [-2, 0.5],
        [-1, 1.5],
        [-0.5, -0.25],
      ]),
    ),
    withoutDifferences(
      "no differences to the left of 0",
      pairs("zeros", [
        [0, 0],
        [0, 2],
        [0, 3],
        [0, 0.5],
        [5, 0],
        [-5, 0],
      ]),
    ),
    withoutDifferences(
      "infinite",
      pairs("negative exponents of zeros of either sign", [
        [0, -1],
        [0, -2],
        [0, -0.25],
        [-0, -1],
        [-0, -2],
        [-0, -3.5],
      ]),
    ),
    pairs("ones, NaN", [
      [1, nan],
      [nan, 0],
      [nan, 2],
      [2, nan],
      [nan, 1],
      [1, 1e9],
    ]),
    withoutDifferences(
      "the slope at 0 is infinite",
      pairs("small roots of 0", [
        [0, 0.001],
        [-0, 0.001],
        [0, 1e-7],
        [0, 0.3],
      ]),
    ),
    withoutDifferences(
      "1e-6 is as near to 0 as differences are apart",
      pairs("roots", [
        [2, 0.5],
        [1000, 1 / 3],
        [1e-6, 0.25],
      ]),
    ),
  ],
  (a, b) => {
    // JavaScript's 1 ** NaN is NaN.
    const value = a === 1 ? 1 : a ** b;
    return rounded(value, Math.abs(value) * Math.max(1, a === 0 ? 0 : powError(a, b)));
  },
);
