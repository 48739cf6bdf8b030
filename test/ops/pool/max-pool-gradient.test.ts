import { maxPoolGradientCases } from "../../cases/pool/max-pool-gradient.ts";
import { checkOperator } from "../../support/check-operator.ts";
import { onShortGrid } from "../../support/short-grid.ts";

checkOperator(maxPoolGradientCases);
checkOperator(onShortGrid(maxPoolGradientCases));
