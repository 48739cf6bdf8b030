import { describe, expect, test } from "vitest";
import { ShapeError } from "../../../src/errors.ts";
import { convTranspose3d } from "../../../src/ops/conv/conv3d.ts";
import { convTranspose3dCases } from "../../cases/conv/transpose3d.ts";
import { checkOperator } from "../../support/check-operator.ts";

checkOperator(convTranspose3dCases);

const f32 = (...shape: number[]) => ({ shape, dtype: "f32" as const });

describe("convTranspose3d refuses", () => {
  test("output padding as large as stride and dilation", () => {
    const refused = () => convTranspose3d.attributes({ stride: 2, outputPadding: [1, 1, 2] });
    expect(refused).toThrow(ShapeError);
    expect(refused).toThrow(
      "convTranspose3d: outputPadding is [1, 1, 2], expected less than stride [2, 2, 2] or dilation [1, 1, 1] along each axis",
    );
  });

  test("a weight of other channels", () => {
    const attrs = convTranspose3d.attributes({});
    const refused = () => convTranspose3d.shape([f32(1, 4, 5, 5, 5), f32(6, 2, 3, 3, 3)], attrs);
    expect(refused).toThrow(
      "convTranspose3d: channels do not match: got x [1, 4, 5, 5, 5] and weight [6, 2, 3, 3, 3] with groups 1, " +
        "expected weight [C, K/groups, T, R, S] with C = 4, a multiple of groups",
    );
  });

  test("padding that leaves no output", () => {
    const attrs = convTranspose3d.attributes({ padding: 1 });
    const refused = () => convTranspose3d.shape([f32(1, 1, 1, 4, 4), f32(1, 1, 1, 1, 1)], attrs);
    expect(refused).toThrow("output would be [1, 1, -1, 2, 2]");
  });

  test("an image", () => {
    const attrs = convTranspose3d.attributes({});
    expect(() => convTranspose3d.shape([f32(1, 1, 2, 2), f32(1, 1, 1, 1, 1)], attrs)).toThrow(
      "convTranspose3d: x has shape [1, 1, 2, 2], expected [N, C, D, H, W]",
    );
    expect(() => convTranspose3d.shape([f32(1, 1, 2, 2, 2), f32(1, 1, 1, 1)], attrs)).toThrow(
      "convTranspose3d: weight has shape [1, 1, 1, 1], expected [C, K/groups, T, R, S]",
    );
  });
});
