import { elementwiseGradientCases } from "../../cases/elementwise/gradients.ts";
import { checkOperator } from "../../support/check-operator.ts";

for (const cases of elementwiseGradientCases) checkOperator(cases);
