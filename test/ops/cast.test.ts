import { castCases } from "../cases/cast.ts";
import { checkOperator } from "../support/check-operator.ts";

checkOperator(castCases);
