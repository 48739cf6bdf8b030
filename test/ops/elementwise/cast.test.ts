import { castCases } from "../../cases/elementwise/cast.ts";
import { checkOperator } from "../../support/check-operator.ts";

checkOperator(castCases);
