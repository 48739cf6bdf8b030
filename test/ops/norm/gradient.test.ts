import { normGradientCases, normStatisticsCases, normWeightGradientCases } from "../../cases/norm/gradient.ts";
import { checkOperator } from "../../support/check-operator.ts";
import { onShortGrid } from "../../support/short-grid.ts";

checkOperator(normStatisticsCases);
checkOperator(normGradientCases);
checkOperator(normWeightGradientCases);
checkOperator(onShortGrid(normStatisticsCases));
checkOperator(onShortGrid(normWeightGradientCases));
