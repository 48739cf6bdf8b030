import { resizeGradient } from "../../../src/ops/sample/resize-gradient.ts";
import { resize2dCases } from "../../cases/sample/resize.ts";
import { resize3dCases } from "../../cases/sample/resize3d.ts";
import { checkOperator } from "../../support/check-operator.ts";
import { onShortGrid } from "../../support/short-grid.ts";
import { gradientCases } from "../../support/transpose-reference.ts";

const images = gradientCases(resize2dCases, resizeGradient, [
  { why: "pooling branches: 4x4 to 16x16, fours", inputs: [[2, 19, 4, 4]], given: { mode: "bilinear", size: 16 } },
  {
    why: "fours, several workgroups along every axis",
    inputs: [[2, 5, 9, 72]],
    given: { mode: "bilinear", scale: [2, 0.7] },
  },
  { why: "nearest, fours", inputs: [[2, 3, 5, 12]], given: { mode: "nearest", size: [10, 31] } },
  {
    why: "far down, fours: some that nobody reads",
    inputs: [[1, 2, 31, 40]],
    given: { mode: "nearest", size: [3, 4] },
  },
]);
const volumes = gradientCases(resize3dCases, resizeGradient, [
  { why: "fours, several workgroups", inputs: [[2, 3, 3, 5, 72]], given: { mode: "trilinear", size: [5, 4, 37] } },
]);

checkOperator(images);
checkOperator(onShortGrid(images));
checkOperator(volumes);
checkOperator(onShortGrid(volumes));
