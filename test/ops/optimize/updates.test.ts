import { expect, test } from "vitest";
import { ShapeError } from "../../../src/errors.ts";
import type { AtLeast } from "../../../src/ops/operator.ts";
import { packedSquares, sgdUpdate } from "../../../src/ops/optimize/updates.ts";
import type { TensorType } from "../../../src/tensor.ts";
import {
  adamUpdateCases,
  gradientScaleCases,
  packedSquaresCases,
  runningUpdateCases,
  sgdUpdateCases,
} from "../../cases/optimize/updates.ts";
import { checkOperator } from "../../support/check-operator.ts";
import { onShortGrid } from "../../support/short-grid.ts";

checkOperator(sgdUpdateCases);
checkOperator(onShortGrid(sgdUpdateCases));
checkOperator(adamUpdateCases);
checkOperator(runningUpdateCases);
checkOperator(packedSquaresCases);
checkOperator(gradientScaleCases);

test("what is not packed alike is refused", () => {
  const f32 = (...shape: number[]): TensorType => ({ shape, dtype: "f32" });
  const u32 = (...shape: number[]): TensorType => ({ shape, dtype: "u32" });
  const attrs = { momentum: 0, nesterov: false };
  const refuse = (inputs: AtLeast<TensorType, 1>, got: string) =>
    expect(() => sgdUpdate.shape(inputs, attrs)).toThrow(
      new ShapeError(`sgdUpdate: got ${got}, expected packed f32 of one length and u32 of [2]`),
    );
  refuse([f32(256), f32(128), f32(256), u32(2)], "[256], [128], [256], [2]");
  refuse([f32(256), f32(256), f32(256), u32(3)], "[256], [256], [256], [3]");
  refuse([f32(256), f32(256), f32(256), f32(2)], "[256], [256], [256], [2]");
  refuse([f32(2, 128), f32(2, 128), f32(2, 128), u32(2)], "[2, 128], [2, 128], [2, 128], [2]");
  expect(() => packedSquares.shape([f32(128), u32(2)], { most: undefined })).toThrow(ShapeError);
});
