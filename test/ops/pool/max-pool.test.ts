import { describe, expect, test } from "vitest";
import { ShapeError } from "../../../src/errors.ts";
import { GraphBuilder } from "../../../src/graph/ir/builder.ts";
import { compile } from "../../../src/graph/run/compile.ts";
import { type MaxPool2dGiven, type MaxPool3dGiven, maxPool2d, maxPool3d } from "../../../src/ops/pool/max-pool.ts";
import type { Shape } from "../../../src/tensor.ts";
import { maxPool2dCases } from "../../cases/pool/max-pool.ts";
import { maxPool3dCases } from "../../cases/pool/max-pool3d.ts";
import { checkOperator } from "../../support/check-operator.ts";
import { openTestGpu } from "../../support/gpu.ts";
import { onShortGrid } from "../../support/short-grid.ts";

checkOperator(maxPool2dCases);
checkOperator(onShortGrid(maxPool2dCases));
checkOperator(maxPool3dCases);
checkOperator(onShortGrid(maxPool3dCases));

test("the gradient of ties goes to the first maximum, that of NaN to the last", async () => {
  const b = new GraphBuilder();
  const shape = [1, 1, 3, 4];
  const x = b.input("x", shape);
  const y = b.apply(maxPool2d, [x], { kernel: 2, stride: 1 });
  const gy = b.constant("gy", { shape: y.type.shape, data: Float32Array.of(1, 2, 3, 4, 5, 6) });
  b.output("gx", b.gradients([{ value: y, gradient: gy }], [x])[0]!);
  const gpu = await openTestGpu();
  const model = await compile(gpu, b.build(), { parameter: () => Promise.reject(new Error("no parameters")) });
  const gradient = async (...data: number[]) => [
    ...(await model.run({ x: { shape, data: Float32Array.from(data) } })).gx!.data,
  ];
  expect(await gradient(1, 1, 0, 2, 1, 1, 2, 2, 0, 1, 2, 2)).toEqual([1, 0, 0, 3, 4, 0, 13, 0, 0, 0, 0, 0]);
  const nan = Number.NaN;
  expect(await gradient(1, nan, 0, 2, 1, nan, 2, 2, 0, 1, 2, 2)).toEqual([0, 0, 0, 3, 0, 12, 6, 0, 0, 0, 0, 0]);
  await model.dispose();
  await gpu.dispose();
});

describe("maxPool2d refuses", () => {
  const shape = (input: Shape, given: MaxPool2dGiven) => () =>
    maxPool2d.shape([{ shape: input, dtype: "f32" }], maxPool2d.attributes(given));

  test("a kernel of zero", () => {
    const wrong = shape([1, 1, 4, 4], { kernel: [2, 0] });
    expect(wrong).toThrow(ShapeError);
    expect(wrong).toThrow("maxPool2d: kernel: got [2, 0], expected integers of at least 1");
  });
  test("padding above half the kernel", () => {
    expect(shape([1, 1, 8, 8], { kernel: [4, 3], padding: [2, 2] })).toThrow(
      "maxPool2d: padding is [2, 2, 2, 2], expected at most half of kernel [4, 3] on each side",
    );
  });
  test("a window that does not fit", () => {
    expect(shape([1, 2, 4, 4], { kernel: 3, dilation: 3 })).toThrow(
      "maxPool2d: the window does not fit: output would be [1, 2, 0, 0] (input shapes: [1, 2, 4, 4])",
    );
  });
  test("an image without a batch axis", () => {
    expect(shape([3, 4, 4], { kernel: 2 })).toThrow("maxPool2d: x has shape [3, 4, 4], expected [N, C, H, W]");
  });
  test("integers", () => {
    const types = [{ shape: [1, 1, 2, 2], dtype: "i32" }] as const;
    expect(() => maxPool2d.shape(types, maxPool2d.attributes({ kernel: 2 }))).toThrow("input 0 is i32, expected f32");
  });
});

describe("maxPool3d refuses", () => {
  const shape = (input: Shape, given: MaxPool3dGiven) => () =>
    maxPool3d.shape([{ shape: input, dtype: "f32" }], maxPool3d.attributes(given));

  test("a kernel of zero", () => {
    const wrong = shape([1, 1, 4, 4, 4], { kernel: [2, 2, 0] });
    expect(wrong).toThrow(ShapeError);
    expect(wrong).toThrow("maxPool3d: kernel: got [2, 2, 0], expected integers of at least 1");
  });
  test("padding above half the kernel, behind the volume", () => {
    expect(shape([1, 1, 8, 8, 8], { kernel: [2, 3, 4], padding: [1, 1, 2, 2, 1, 2] })).toThrow(
      "maxPool3d: padding is [1, 1, 2, 2, 1, 2], expected at most half of kernel [2, 3, 4] on each side",
    );
  });
  test("a window that does not fit", () => {
    expect(shape([1, 2, 2, 4, 4], { kernel: 3 })).toThrow(
      "maxPool3d: the window does not fit: output would be [1, 2, 0, 1, 1] (input shapes: [1, 2, 2, 4, 4])",
    );
  });
  test("an image", () => {
    expect(shape([1, 3, 4, 4], { kernel: 2 })).toThrow("maxPool3d: x has shape [1, 3, 4, 4], expected [N, C, D, H, W]");
  });
});
