import { maxUnpoolGradientCases } from "../../cases/pool/max-unpool-gradient.ts";
import { checkOperator } from "../../support/check-operator.ts";
import { onShortGrid } from "../../support/short-grid.ts";

checkOperator(maxUnpoolGradientCases);
checkOperator(onShortGrid(maxUnpoolGradientCases));
