import { describe, expect, test } from "vitest";
import { ShapeError } from "../../../src/errors.ts";
import {
  type AdaptiveAveragePool2dGiven,
  type AdaptiveAveragePool3dGiven,
  adaptiveAveragePool2d,
  adaptiveAveragePool3d,
} from "../../../src/ops/pool/adaptive-average-pool.ts";
import type { Shape } from "../../../src/tensor.ts";
import { adaptiveAveragePool2dCases } from "../../cases/pool/adaptive-average-pool.ts";
import { adaptiveAveragePool3dCases } from "../../cases/pool/adaptive-average-pool3d.ts";
import { checkOperator } from "../../support/check-operator.ts";
import { onHardware } from "../../support/other-device.ts";
import { onShortGrid } from "../../support/short-grid.ts";

checkOperator(adaptiveAveragePool2dCases);
checkOperator(onHardware(adaptiveAveragePool2dCases));
checkOperator(onShortGrid(onHardware(adaptiveAveragePool2dCases)));
checkOperator(adaptiveAveragePool3dCases);
checkOperator(onHardware(adaptiveAveragePool3dCases));
checkOperator(onShortGrid(onHardware(adaptiveAveragePool3dCases)));

describe("adaptiveAveragePool2d refuses", () => {
  const shape = (input: Shape, given: AdaptiveAveragePool2dGiven) => () =>
    adaptiveAveragePool2d.shape([{ shape: input, dtype: "f32" }], adaptiveAveragePool2d.attributes(given));

  test("an output of no pixels", () => {
    const wrong = shape([1, 1, 8, 8], { outputSize: [0, 2] });
    expect(wrong).toThrow(ShapeError);
    expect(wrong).toThrow("adaptiveAveragePool2d: outputSize: got [0, 2], expected integers of at least 1");
  });
  test("sizes beyond 32-bit indices", () => {
    expect(shape([1, 1, 1, 70_000], { outputSize: [1, 69_000] })).toThrow(
      "adaptiveAveragePool2d: got outputSize [1, 69000], expected input size * output size below 2^32 along each axis " +
        "(input shapes: [1, 1, 1, 70000])",
    );
  });
  test("an image without a batch axis", () => {
    expect(shape([3, 4, 4], { outputSize: 1 })).toThrow(
      "adaptiveAveragePool2d: x has shape [3, 4, 4], expected [N, C, H, W]",
    );
  });
});

test("adaptiveAveragePool2d counts the additions of windows that overlap", () => {
  const operand = (shape: Shape) => ({ shape, dtype: "f32" as const, view: { offset: 0, batchStride: 0 } });
  const cost = adaptiveAveragePool2d.cost({
    inputs: [operand([1, 2, 5, 4])],
    outputs: [operand([1, 2, 3, 2])],
    attrs: { outputSize: [3, 2] },
    epilogue: { bias: false, residual: false, activation: { kind: "none" } },
  });
  // Rows 0-1, 1-3, 3-4: seven; columns 0-1, 2-3: four.
  expect(cost).toEqual({ flop: 2 * 7 * 4, bytes: 4 * (40 + 12) });
});

describe("adaptiveAveragePool3d refuses", () => {
  const shape = (input: Shape, given: AdaptiveAveragePool3dGiven) => () =>
    adaptiveAveragePool3d.shape([{ shape: input, dtype: "f32" }], adaptiveAveragePool3d.attributes(given));

  test("an output of no voxels", () => {
    const wrong = shape([1, 1, 8, 8, 8], { outputSize: [0, 2, 2] });
    expect(wrong).toThrow(ShapeError);
    expect(wrong).toThrow("adaptiveAveragePool3d: outputSize: got [0, 2, 2], expected integers of at least 1");
  });
  test("sizes beyond 32-bit indices", () => {
    expect(shape([1, 1, 1, 1, 70_000], { outputSize: [1, 1, 69_000] })).toThrow(
      "adaptiveAveragePool3d: got outputSize [1, 1, 69000], expected input size * output size below 2^32 along each axis " +
        "(input shapes: [1, 1, 1, 1, 70000])",
    );
  });
  test("an image", () => {
    expect(shape([1, 3, 4, 4], { outputSize: 1 })).toThrow(
      "adaptiveAveragePool3d: x has shape [1, 3, 4, 4], expected [N, C, D, H, W]",
    );
  });
});
