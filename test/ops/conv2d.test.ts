import { conv2dCases } from "../cases/conv2d.ts";
import { checkOperator } from "../support/check-operator.ts";

checkOperator(conv2dCases);
