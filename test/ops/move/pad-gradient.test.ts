import { padGradientCases } from "../../cases/move/pad-gradient.ts";
import { checkOperator } from "../../support/check-operator.ts";
import { onShortGrid } from "../../support/short-grid.ts";

checkOperator(padGradientCases);
checkOperator(onShortGrid(padGradientCases));
