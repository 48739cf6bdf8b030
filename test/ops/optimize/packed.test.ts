import { expect, test } from "vitest";
import { ShapeError } from "../../../src/errors.ts";
import { packedLayout, unpack } from "../../../src/ops/optimize/packed.ts";
import { packCases, unpackCases } from "../../cases/optimize/packed.ts";
import { checkOperator } from "../../support/check-operator.ts";

checkOperator(packCases);
checkOperator(unpackCases);

test("every tensor begins where a binding may", () => {
  expect(packedLayout([[1], [128], [3, 43], [], [2]])).toEqual({ offsets: [0, 128, 256, 512, 640], elements: 768 });
  expect(packedLayout([])).toEqual({ offsets: [], elements: 0 });
});

test("what does not lie within is refused", () => {
  const given = { offset: 128, shape: [2, 65] };
  expect(() => unpack.shape([{ shape: [256], dtype: "f32" }], given)).toThrow(
    new ShapeError("unpack: got offset 128 and shape [2, 65], expected a part of [256]"),
  );
});
