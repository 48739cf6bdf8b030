import { adaptiveAveragePoolGradient, averagePoolGradient } from "../../../src/ops/pool/average-pool-gradient.ts";
import { adaptiveAveragePool2dCases } from "../../cases/pool/adaptive-average-pool.ts";
import { adaptiveAveragePool3dCases } from "../../cases/pool/adaptive-average-pool3d.ts";
import { averagePool2dCases } from "../../cases/pool/average-pool.ts";
import { averagePool3dCases } from "../../cases/pool/average-pool3d.ts";
import { checkOperator } from "../../support/check-operator.ts";
import { onShortGrid } from "../../support/short-grid.ts";
import { gradientCases } from "../../support/transpose-reference.ts";

const images = gradientCases(averagePool2dCases, averagePoolGradient, [
  ...[2, 3, 4, 5].map((kernel) => ({
    why: `pooling branch: ${kernel}x${kernel}`,
    inputs: [[2, 5, 16, 20]],
    given: { kernel },
  })),
  {
    why: "fours, several workgroups",
    inputs: [[2, 9, 7, 72]],
    given: { kernel: 3, stride: 2, padding: 1, ceilMode: true },
  },
]);
const volumes = gradientCases(averagePool3dCases, averagePoolGradient, [
  { why: "fours, several workgroups", inputs: [[2, 5, 4, 3, 68]], given: { kernel: [2, 1, 3], stride: [1, 2, 2] } },
]);
const adaptiveImages = gradientCases(adaptiveAveragePool2dCases, adaptiveAveragePoolGradient, [
  { why: "fours, several workgroups along every axis", inputs: [[2, 9, 9, 72]], given: { outputSize: [7, 17] } },
]);
const adaptiveVolumes = gradientCases(adaptiveAveragePool3dCases, adaptiveAveragePoolGradient, [
  { why: "fours, several workgroups along every axis", inputs: [[2, 5, 3, 4, 68]], given: { outputSize: [2, 5, 7] } },
]);

checkOperator(images);
checkOperator(onShortGrid(images));
checkOperator(volumes);
checkOperator(onShortGrid(volumes));
checkOperator(adaptiveImages);
checkOperator(onShortGrid(adaptiveImages));
checkOperator(adaptiveVolumes);
checkOperator(onShortGrid(adaptiveVolumes));
