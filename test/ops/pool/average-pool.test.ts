import { describe, expect, test } from "vitest";
import { ShapeError } from "../../../src/errors.ts";
import {
  type AveragePool2dGiven,
  type AveragePool3dGiven,
  averagePool2d,
  averagePool3d,
} from "../../../src/ops/pool/average-pool.ts";
import type { Shape } from "../../../src/tensor.ts";
import { averagePool2dCases } from "../../cases/pool/average-pool.ts";
import { averagePool3dCases } from "../../cases/pool/average-pool3d.ts";
import { checkOperator } from "../../support/check-operator.ts";
import { onShortGrid } from "../../support/short-grid.ts";

checkOperator(averagePool2dCases);
checkOperator(onShortGrid(averagePool2dCases));
checkOperator(averagePool3dCases);
checkOperator(onShortGrid(averagePool3dCases));

describe("averagePool2d refuses", () => {
  const shape = (input: Shape, given: AveragePool2dGiven) => () =>
    averagePool2d.shape([{ shape: input, dtype: "f32" }], averagePool2d.attributes(given));

  test("padding above half the kernel, on one side", () => {
    const wrong = shape([1, 1, 8, 8], { kernel: 4, padding: [0, 0, 0, 3] });
    expect(wrong).toThrow(ShapeError);
    expect(wrong).toThrow(
      "averagePool2d: padding is [0, 0, 0, 3], expected at most half of kernel [4, 4] on each side",
    );
  });
  test("a divisor of zero", () => {
    expect(shape([1, 1, 8, 8], { kernel: 4, divisorOverride: 0 })).toThrow(
      "averagePool2d: divisorOverride is 0, expected an integer other than 0",
    );
  });
  test("a stride of half a pixel", () => {
    expect(shape([1, 1, 8, 8], { kernel: 4, stride: 0.5 })).toThrow(
      "averagePool2d: stride: got [0.5, 0.5], expected integers of at least 1",
    );
  });
  test("a window that does not fit: the map is smaller than the pool", () => {
    expect(shape([1, 512, 4, 4], { kernel: 5 })).toThrow(
      "averagePool2d: the window does not fit: output would be [1, 512, 0, 0] (input shapes: [1, 512, 4, 4])",
    );
  });
  test("an image without a batch axis", () => {
    expect(shape([3, 4, 4], { kernel: 2 })).toThrow("averagePool2d: x has shape [3, 4, 4], expected [N, C, H, W]");
  });
});

describe("averagePool3d refuses", () => {
  const shape = (input: Shape, given: AveragePool3dGiven) => () =>
    averagePool3d.shape([{ shape: input, dtype: "f32" }], averagePool3d.attributes(given));

  test("padding above half the kernel, on one side", () => {
    const wrong = shape([1, 1, 8, 8, 8], { kernel: 4, padding: [0, 0, 0, 3, 0, 0] });
    expect(wrong).toThrow(ShapeError);
    expect(wrong).toThrow(
      "averagePool3d: padding is [0, 0, 0, 3, 0, 0], expected at most half of kernel [4, 4, 4] on each side",
    );
  });
  test("a divisor of a half", () => {
    expect(shape([1, 1, 8, 8, 8], { kernel: 4, divisorOverride: 0.5 })).toThrow(
      "averagePool3d: divisorOverride is 0.5, expected an integer other than 0",
    );
  });
  test("a window that does not fit", () => {
    expect(shape([1, 5, 4, 6, 6], { kernel: 5 })).toThrow(
      "averagePool3d: the window does not fit: output would be [1, 5, 0, 1, 1] (input shapes: [1, 5, 4, 6, 6])",
    );
  });
  test("an image", () => {
    expect(shape([1, 3, 4, 4], { kernel: 2 })).toThrow(
      "averagePool3d: x has shape [1, 3, 4, 4], expected [N, C, D, H, W]",
    );
  });
});
