import { expect, test } from "vitest";
import { gridSample2d, gridSample3d } from "../../../src/ops/sample/grid-sample.ts";
import { gridSample2dCases, gridSample3dCases } from "../../cases/sample/grid-sample.ts";
import { checkOperator } from "../../support/check-operator.ts";
import { onShortGrid } from "../../support/short-grid.ts";

checkOperator(gridSample2dCases);
checkOperator(gridSample3dCases);
checkOperator(onShortGrid(gridSample2dCases));

test("rejects grids that do not fit", () => {
  const f32 = (...shape: number[]) => ({ shape, dtype: "f32" as const });
  const image = gridSample2d.attributes({});
  expect(() => gridSample2d.shape([f32(2, 3, 4, 5), f32(1, 6, 7, 2)], image)).toThrow(
    "gridSample2d: grid has shape [1, 6, 7, 2], expected [2, P, Q, 2] (input shapes: [2, 3, 4, 5])",
  );
  expect(() => gridSample2d.shape([f32(2, 3, 4, 5), { shape: [2, 6, 7, 2], dtype: "f16" }], image)).toThrow(
    "gridSample2d: input 1 is f16, expected f32",
  );
  const volume = gridSample3d.attributes({});
  expect(() => gridSample3d.shape([f32(2, 3, 4, 5), f32(2, 6, 7, 2)], volume)).toThrow(
    "gridSample3d: x has shape [2, 3, 4, 5], expected [N, C, D, H, W]",
  );
  expect(() => gridSample3d.shape([f32(2, 3, 4, 5, 6), f32(2, 6, 7, 8, 2)], volume)).toThrow(
    "expected [2, Z, P, Q, 3]",
  );
});
