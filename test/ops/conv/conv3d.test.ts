import { describe, expect, test } from "vitest";
import { ShapeError } from "../../../src/errors.ts";
import { conv3d } from "../../../src/ops/conv/conv3d.ts";
import { conv3dCases } from "../../cases/conv/conv3d.ts";
import { checkOperator } from "../../support/check-operator.ts";

checkOperator(conv3dCases);

const f32 = (...shape: number[]) => ({ shape, dtype: "f32" as const });

describe("conv3d refuses", () => {
  const attrs = conv3d.attributes({});

  test("a weight of other channels", () => {
    const refused = () => conv3d.shape([f32(1, 4, 5, 5, 5), f32(6, 3, 3, 3, 3)], attrs);
    expect(refused).toThrow(ShapeError);
    expect(refused).toThrow(
      "conv3d: channels do not match: got x [1, 4, 5, 5, 5] and weight [6, 3, 3, 3, 3] with groups 1, " +
        "expected weight [K, C/groups, T, R, S] with C = 4 and K a multiple of groups",
    );
  });

  test("a kernel that does not fit", () => {
    const refused = () => conv3d.shape([f32(1, 1, 4, 9, 9), f32(1, 1, 5, 3, 3)], attrs);
    expect(refused).toThrow(
      "conv3d: the window does not fit: output would be [1, 1, 0, 7, 7] (input shapes: [1, 1, 4, 9, 9])",
    );
  });

  test("attributes that are wrong whatever the input", () => {
    expect(() => conv3d.attributes({ groups: 0 })).toThrow("conv3d: groups is 0, expected at least 1");
    expect(() => conv3d.attributes({ stride: [1, 0, 1] })).toThrow(
      "conv3d: stride: got [1, 0, 1], expected integers of at least 1",
    );
    expect(() => conv3d.attributes({ padding: [0, 0, 0, 0, -1, 0] })).toThrow(
      "conv3d: padding: got [0, 0, 0, 0, -1, 0], expected integers of at least 0",
    );
  });

  test("integers and wrong ranks", () => {
    const integers = { shape: [1, 1, 2, 2, 2], dtype: "i32" as const };
    expect(() => conv3d.shape([integers, f32(1, 1, 1, 1, 1)], attrs)).toThrow("conv3d: input 0 is i32, expected f32");
    expect(() => conv3d.shape([f32(1, 1, 2, 2), f32(1, 1, 1, 1, 1)], attrs)).toThrow(
      "conv3d: x has shape [1, 1, 2, 2], expected [N, C, D, H, W]",
    );
    expect(() => conv3d.shape([f32(1, 1, 2, 2, 2), f32(1, 1, 1, 1)], attrs)).toThrow(
      "conv3d: weight has shape [1, 1, 1, 1], expected [K, C/groups, T, R, S]",
    );
  });
});
