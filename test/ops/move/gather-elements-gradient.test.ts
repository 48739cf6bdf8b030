import { gatherElementsGradientCases } from "../../cases/move/gather-elements-gradient.ts";
import { checkOperator } from "../../support/check-operator.ts";
import { onShortGrid } from "../../support/short-grid.ts";

checkOperator(gatherElementsGradientCases);
checkOperator(onShortGrid(gatherElementsGradientCases));
