import { expect, test } from "vitest";
import { tril, triu } from "../../../src/ops/move/trilu.ts";
import { trilCases, triuCases } from "../../cases/move/trilu.ts";
import { checkOperator } from "../../support/check-operator.ts";
import { onShortGrid } from "../../support/short-grid.ts";

checkOperator(triuCases);
checkOperator(trilCases);
checkOperator(onShortGrid(triuCases));

test("rejects vectors and diagonals between elements", () => {
  expect(() => triu.shape([{ shape: [3], dtype: "f32" }], { diagonal: 0 })).toThrow(
    "triu: x has shape [3], expected [.., R, C]",
  );
  expect(() => tril.attributes({ diagonal: 0.5 })).toThrow("tril: diagonal is 0.5, expected an integer");
});
