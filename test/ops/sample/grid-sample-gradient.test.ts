import { gridSampleGradientCases, gridSampleGridGradientCases } from "../../cases/sample/grid-sample-gradient.ts";
import { checkOperator } from "../../support/check-operator.ts";
import { onShortGrid } from "../../support/short-grid.ts";

checkOperator(gridSampleGradientCases);
checkOperator(gridSampleGridGradientCases);
checkOperator(onShortGrid(gridSampleGradientCases));
checkOperator(onShortGrid(gridSampleGridGradientCases));
