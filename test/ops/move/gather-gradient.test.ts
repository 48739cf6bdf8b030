import { gatherGradientCases } from "../../cases/move/gather-gradient.ts";
import { checkOperator } from "../../support/check-operator.ts";
import { onShortGrid } from "../../support/short-grid.ts";

checkOperator(gatherGradientCases);
checkOperator(onShortGrid(gatherGradientCases));
