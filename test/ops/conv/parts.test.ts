// What decompositions of convolutions are made of: the transforms of Winograd's algorithm, and flipped weights.
import { flipConvWeightsCases } from "../../cases/conv/flip-weights.ts";
import { winogradInputCases, winogradOutputCases, winogradWeightCases } from "../../cases/conv/winograd.ts";
import { checkOperator } from "../../support/check-operator.ts";

for (const suite of [winogradInputCases, winogradWeightCases, winogradOutputCases]) checkOperator(suite);
checkOperator(flipConvWeightsCases);
