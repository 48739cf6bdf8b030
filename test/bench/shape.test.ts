// Convolutions in one line of text: images have four sizes, volumes five.
import { describe, expect, test } from "vitest";
import { describe as nameOf, parseConv } from "../../bench/shape.ts";
import { UsageError } from "../../src/errors.ts";

describe("parseConv", () => {
  test("an image", () => {
    const spec = parseConv("1,64,128,96 k3x5 c64 d2");
    expect(spec.operator.name).toBe("conv2d");
    expect(spec.weight).toEqual([64, 64, 3, 5]);
    expect(spec.given.padding).toEqual([2, 4]);
    expect(nameOf(spec)).toBe("conv 3x5 64->64 128x96 d2");
  });
  test("a volume keeps its size by default", () => {
    const spec = parseConv("2,16,32,64,64 k3 c32");
    expect(spec.operator.name).toBe("conv3d");
    expect(spec.weight).toEqual([32, 16, 3, 3, 3]);
    expect(spec.given.padding).toEqual([1, 1, 1]);
    expect(nameOf(spec)).toBe("conv 3x3x3 16->32 32x64x64 n2");
  });
  test("an anisotropic kernel in groups", () => {
    const spec = parseConv("1,16,8,9,10 k1x3x5 c16 g16");
    expect(spec.weight).toEqual([16, 1, 1, 3, 5]);
    expect(spec.given.padding).toEqual([0, 1, 2]);
    expect(nameOf(spec)).toBe("conv 1x3x5 16->16 8x9x10 depthwise");
  });
  test("a transposed convolution of a volume", () => {
    const spec = parseConv("1,64,4,8,8 k3 c32 s2 p1 t o1");
    expect(spec.operator.name).toBe("convTranspose3d");
    expect(spec.weight).toEqual([64, 32, 3, 3, 3]);
    expect(spec.given).toEqual({ stride: 2, padding: [1, 1, 1], dilation: 1, groups: 1, outputPadding: 1 });
    expect(nameOf(spec)).toBe("convT 3x3x3 64->32 4x8x8 s2");
  });
  test.each([
    ["1,64,8 k3 c4", 'shape is "1,64,8"'],
    ["1,64,8,8,8,8 k3 c4", 'shape is "1,64,8,8,8,8"'],
    ["1,64,8,8 k3x3x3 c4", '"k3x3x3" has another number of axes'],
    ["1,64,8,8,8 k3x3 c4", '"k3x3" has another number of axes'],
    ["1,64,8,8 k3 c4 s2x2", '"s2x2" is no part'],
    ["1,64,8,8 c4", "kernel k is missing"],
  ])("refuses %s", (text, what) => {
    const wrong = () => parseConv(text);
    expect(wrong).toThrow(UsageError);
    expect(wrong).toThrow(`--conv "${text}": ${what}, expected N,C,[D,]H,W`);
  });
});
