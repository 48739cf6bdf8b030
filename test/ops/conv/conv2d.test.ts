import { describe, expect, test } from "vitest";
import { ShapeError } from "../../../src/errors.ts";
import { conv2d } from "../../../src/ops/conv/conv2d.ts";
import { conv2dCases } from "../../cases/conv/conv2d.ts";
import { checkOperator } from "../../support/check-operator.ts";

checkOperator(conv2dCases);

const f32 = (...shape: number[]) => ({ shape, dtype: "f32" as const });

describe("conv2d refuses", () => {
  const attrs = conv2d.attributes({});

  test("a weight of other channels", () => {
    const refused = () => conv2d.shape([f32(1, 4, 5, 5), f32(6, 3, 3, 3)], attrs);
    expect(refused).toThrow(ShapeError);
    expect(refused).toThrow("got x [1, 4, 5, 5] and weight [6, 3, 3, 3] with groups 1");
  });

  test("output channels that do not split into the groups", () => {
    const grouped = conv2d.attributes({ groups: 2 });
    expect(() => conv2d.shape([f32(1, 4, 5, 5), f32(5, 2, 3, 3)], grouped)).toThrow("K a multiple of groups");
  });

  test("a kernel that does not fit", () => {
    const refused = () => conv2d.shape([f32(1, 1, 4, 9), f32(1, 1, 5, 3)], attrs);
    expect(refused).toThrow("the window does not fit: output would be [1, 1, 0, 7]");
  });

  test("attributes that are wrong whatever the input", () => {
    expect(() => conv2d.attributes({ groups: 0 })).toThrow("groups is 0, expected at least 1");
    expect(() => conv2d.attributes({ stride: 0 })).toThrow(
      "conv2d: stride: got [0, 0], expected integers of at least 1",
    );
    expect(() => conv2d.attributes({ padding: [0, -1] })).toThrow("expected integers of at least 0");
  });

  test("integers and wrong ranks", () => {
    const integers = { shape: [1, 1, 2, 2], dtype: "i32" as const };
    expect(() => conv2d.shape([integers, f32(1, 1, 1, 1)], attrs)).toThrow("input 0 is i32, expected f32");
    expect(() => conv2d.shape([f32(1, 2, 2), f32(1, 1, 1, 1)], attrs)).toThrow("expected [N, C, H, W]");
    expect(() => conv2d.shape([f32(1, 1, 2, 2), f32(1, 1)], attrs)).toThrow("expected [K, C/groups, R, S]");
  });
});
