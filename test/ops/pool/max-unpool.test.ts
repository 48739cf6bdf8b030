import { describe, expect, test } from "vitest";
import { ShapeError } from "../../../src/errors.ts";
import { type MaxUnpool2dGiven, maxUnpool2d, maxUnpool3d } from "../../../src/ops/pool/max-unpool.ts";
import type { Shape } from "../../../src/tensor.ts";
import { maxUnpool2dCases, maxUnpool3dCases } from "../../cases/pool/max-unpool.ts";
import { checkOperator } from "../../support/check-operator.ts";
import { onShortGrid } from "../../support/short-grid.ts";

checkOperator(maxUnpool2dCases);
checkOperator(maxUnpool3dCases);
checkOperator(onShortGrid(maxUnpool2dCases));
checkOperator(onShortGrid(maxUnpool3dCases));

describe("maxUnpool2d refuses", () => {
  const shape = (input: Shape, given: MaxUnpool2dGiven) => () => {
    const types = [
      { shape: input, dtype: "f32" },
      { shape: input, dtype: "i32" },
    ] as const;
    return maxUnpool2d.shape(types, maxUnpool2d.attributes(given));
  };

  test("a size that the pool cannot have had", () => {
    const wrong = shape([1, 1, 4, 4], { kernel: 2, outputSize: [9, 10] });
    expect(wrong).toThrow(ShapeError);
    expect(wrong).toThrow(
      "maxUnpool2d: outputSize is [9, 10], expected less than the stride [2, 2] away from [8, 8] along each axis " +
        "(input shapes: [1, 1, 4, 4])",
    );
  });
  test("padding above half the kernel", () => {
    expect(shape([1, 1, 4, 4], { kernel: 2, padding: 2 })).toThrow(
      "maxUnpool2d: padding is [2, 2, 2, 2], expected at most half of kernel [2, 2] on each side",
    );
  });
  test("padding that leaves no output", () => {
    expect(shape([1, 1, 1, 4], { kernel: 2, padding: 1 })).toThrow(
      "maxUnpool2d: the window does not fit: output would be [1, 1, 0, 6] (input shapes: [1, 1, 1, 4])",
    );
  });
  test("indices of another type or shape", () => {
    const attrs = maxUnpool2d.attributes({ kernel: 2 });
    const x = { shape: [1, 1, 2, 2], dtype: "f32" } as const;
    expect(() => maxUnpool2d.shape([x, x], attrs)).toThrow(
      "maxUnpool2d: indices are f32 [1, 1, 2, 2], expected i32 of x's shape [1, 1, 2, 2]",
    );
    expect(() => maxUnpool2d.shape([x, { shape: [1, 1, 2, 3], dtype: "i32" }], attrs)).toThrow(
      "maxUnpool2d: indices are i32 [1, 1, 2, 3], expected i32 of x's shape [1, 1, 2, 2]",
    );
  });
});

test("maxUnpool3d refuses an image", () => {
  const image = [1, 3, 4, 4];
  const types = [
    { shape: image, dtype: "f32" },
    { shape: image, dtype: "i32" },
  ] as const;
  expect(() => maxUnpool3d.shape(types, maxUnpool3d.attributes({ kernel: 2 }))).toThrow(
    "maxUnpool3d: x has shape [1, 3, 4, 4], expected [N, C, D, H, W]",
  );
});
