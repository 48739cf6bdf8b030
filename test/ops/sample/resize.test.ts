import { describe, expect, test } from "vitest";
import { ShapeError } from "../../../src/errors.ts";
import { type Resize2dGiven, type Resize3dGiven, resize2d, resize3d } from "../../../src/ops/sample/resize.ts";
import { sampling } from "../../../src/ops/sample/resize-sampling.ts";
import type { Shape } from "../../../src/tensor.ts";
import { resize2dCases } from "../../cases/sample/resize.ts";
import { resize3dCases } from "../../cases/sample/resize3d.ts";
import { checkOperator } from "../../support/check-operator.ts";
import { onShortGrid } from "../../support/short-grid.ts";

checkOperator(resize2dCases);
checkOperator(onShortGrid(resize2dCases));
checkOperator(resize3dCases);
checkOperator(onShortGrid(resize3dCases));

describe("resize2d samples in exact fractions", () => {
  const nearest = { mode: "nearest", coordinates: "asymmetric", scale: undefined } as const;
  const pixels = (from: number, to: number, given: Parameters<typeof sampling>[2]) => {
    const { start, step, unit } = sampling(from, to, given);
    return Array.from({ length: to }, (_, i) => Math.min(Math.floor((start + i * step) / unit), from - 1));
  };

  test("as PyTorch's nearest, up and down", () => {
    expect(pixels(7, 5, nearest)).toEqual([0, 1, 2, 4, 5]);
    expect(pixels(3, 8, nearest)).toEqual([0, 0, 0, 1, 1, 1, 2, 2]);
  });
  test("as PyTorch's nearest-exact, up and down", () => {
    expect(pixels(7, 5, { ...nearest, coordinates: "half-pixel" })).toEqual([0, 2, 3, 4, 6]);
    expect(pixels(3, 8, { ...nearest, coordinates: "half-pixel" })).toEqual([0, 0, 0, 1, 1, 2, 2, 2]);
  });
  test("all sizes up to 64", () => {
    for (let from = 1; from <= 64; from++)
      for (let to = 1; to <= 64; to++) {
        const { start, step, unit } = sampling(from, to, nearest);
        // The pixel s that holds i*from/to: s*to <= i*from < (s + 1)*to.
        for (let i = 0; i < to; i++) {
          const s = Math.floor((start + i * step) / unit);
          if (s * to > i * from || (s + 1) * to <= i * from) expect.fail(`${from} to ${to}: pixel ${i} reads ${s}`);
        }
      }
  });
  test("21600 to 72: the quotient 300 that f32 calls 299.999", () => {
    expect(pixels(21_600, 72, nearest)).toEqual(Array.from({ length: 72 }, (_, i) => i * 300));
  });
  test("a third in f32 and in f64 is a third", () => {
    expect(sampling(30, 10, { ...nearest, scale: 1 / 3 })).toEqual({ start: 0, step: 3, unit: 1 });
    expect(sampling(30, 10, { ...nearest, scale: Math.fround(1 / 3) })).toEqual({ start: 0, step: 3, unit: 1 });
    expect(sampling(10, 17, { ...nearest, scale: Math.fround(1.7) })).toEqual({ start: 0, step: 10, unit: 17 });
  });
  test("half-pixel positions in lowest terms", () => {
    const bilinear = { mode: "bilinear", coordinates: "half-pixel", scale: undefined } as const;
    expect(sampling(16, 32, bilinear)).toEqual({ start: -1, step: 2, unit: 4 });
    expect(sampling(12, 4, bilinear)).toEqual({ start: 1, step: 3, unit: 1 });
  });
});

describe("resize2d refuses", () => {
  const shape = (input: Shape, given: Resize2dGiven) => () =>
    resize2d.shape([{ shape: input, dtype: "f32" }], resize2d.attributes(given));

  test("both size and scale, or neither", () => {
    const both = shape([1, 1, 8, 8], { mode: "nearest", size: 4, scale: 2 });
    expect(both).toThrow(ShapeError);
    expect(both).toThrow("resize2d: got size 4 and scale 2, expected exactly one of them");
    expect(shape([1, 1, 8, 8], { mode: "nearest" })).toThrow("got size undefined and scale undefined");
  });
  test("a scale that is not above 0", () => {
    expect(shape([1, 1, 8, 8], { mode: "bilinear", scale: [2, 0] })).toThrow(
      "resize2d: scale: got [2, 0], expected numbers above 0",
    );
    expect(shape([1, 1, 8, 8], { mode: "bilinear", scale: Number.NaN })).toThrow("expected numbers above 0");
  });
  test("half a pixel as size", () => {
    expect(shape([1, 1, 8, 8], { mode: "bilinear", size: [4, 2.5] })).toThrow(
      "resize2d: size: got [4, 2.5], expected integers of at least 1",
    );
  });
  test("a scale that leaves no pixel", () => {
    expect(shape([1, 2, 8, 8], { mode: "bilinear", scale: [0.1, 1] })).toThrow("output would be [1, 2, 0, 8]");
  });
  test("sizes beyond 32-bit positions", () => {
    expect(shape([1, 1, 1, 50_001], { mode: "bilinear", size: [1, 50_000] })).toThrow(
      "resize2d: 50001 to 50000 pixels: too large",
    );
    expect(shape([1, 1, 1, 8], { mode: "nearest", scale: [1, 1e300] })).toThrow("too large");
  });
  test("an image without a batch axis", () => {
    expect(shape([3, 4, 4], { mode: "nearest", scale: 2 })).toThrow(
      "resize2d: x has shape [3, 4, 4], expected [N, C, H, W]",
    );
  });
});

describe("resize3d refuses", () => {
  const shape = (input: Shape, given: Resize3dGiven) => () =>
    resize3d.shape([{ shape: input, dtype: "f32" }], resize3d.attributes(given));

  test("neither size nor scale", () => {
    const wrong = shape([1, 1, 8, 8, 8], { mode: "nearest" });
    expect(wrong).toThrow(ShapeError);
    expect(wrong).toThrow("resize3d: got size undefined and scale undefined, expected exactly one of them");
  });
  test("a scale that is not above 0", () => {
    expect(shape([1, 1, 8, 8, 8], { mode: "trilinear", scale: [2, 0, 1] })).toThrow(
      "resize3d: scale: got [2, 0, 1], expected numbers above 0",
    );
  });
  test("a scale that leaves no slice", () => {
    expect(shape([1, 2, 8, 8, 8], { mode: "trilinear", scale: [0.1, 1, 1] })).toThrow(
      "resize3d: the window does not fit: output would be [1, 2, 0, 8, 8] (input shapes: [1, 2, 8, 8, 8])",
    );
  });
  test("sizes beyond 32-bit positions", () => {
    expect(shape([1, 1, 50_001, 1, 1], { mode: "trilinear", size: [50_000, 1, 1] })).toThrow(
      "resize3d: 50001 to 50000 pixels: too large",
    );
  });
  test("an image", () => {
    expect(shape([1, 3, 4, 4], { mode: "nearest", scale: 2 })).toThrow(
      "resize3d: x has shape [1, 3, 4, 4], expected [N, C, D, H, W]",
    );
  });
});
