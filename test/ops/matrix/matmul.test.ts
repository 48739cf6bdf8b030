import { expect, test } from "vitest";
import { gemm } from "../../../src/ops/matrix/gemm.ts";
import { linear } from "../../../src/ops/matrix/linear.ts";
import { matmul } from "../../../src/ops/matrix/matmul.ts";
import { gemmCases, linearCases, matmulCases } from "../../cases/matrix/matmul.ts";
import { checkOperator } from "../../support/check-operator.ts";
import { onShortGrid } from "../../support/short-grid.ts";

checkOperator(matmulCases);
checkOperator(gemmCases);
checkOperator(linearCases);
checkOperator(onShortGrid(matmulCases));

const f32 = (...shape: number[]) => ({ shape, dtype: "f32" as const });

test("rejects shapes that do not fit", () => {
  expect(() => matmul.shape([f32(2, 3), f32(4, 5)], {})).toThrow(
    "matmul: got a [2, 3] and b [4, 5], expected [.., M, K] and [.., K, N]",
  );
  expect(() => matmul.shape([f32(3), f32(3, 5)], {})).toThrow(
    "matmul: got a [3] and b [3, 5], expected [.., M, K] and [.., K, N]",
  );
  expect(() => matmul.shape([f32(2, 4, 3), f32(3, 3, 5)], {})).toThrow(
    "matmul: shapes do not broadcast: got [2] and [3]",
  );
  const attrs = gemm.attributes({ transB: true });
  expect(() => gemm.shape([f32(2, 3), f32(3, 4)], attrs)).toThrow(
    "gemm: got a [2, 3] and b [3, 4], expected [M, K] and [N, K]",
  );
  expect(() => gemm.shape([f32(2, 3), f32(4, 3), f32(3)], attrs)).toThrow(
    "gemm: input 2 has shape [3], expected one that broadcasts to [2, 4]",
  );
  expect(() => linear.shape([f32(2, 3), f32(4, 5)], {})).toThrow(
    "linear: got x [2, 3] and weight [4, 5], expected [.., C] and [K, C]",
  );
  expect(() => linear.shape([f32(2, 3), f32(4, 3), { shape: [4], dtype: "f16" }], {})).toThrow(
    "linear: input 2 is f16, expected f32",
  );
  expect(() => gemm.attributes({ alpha: Number.NaN })).toThrow("gemm: alpha is NaN, expected a finite number");
});
