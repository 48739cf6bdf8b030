import { describe, expect, test } from "vitest";
import { ShapeError } from "../../../src/errors.ts";
import { convTranspose2d } from "../../../src/ops/conv/conv2d.ts";
import { convTranspose2dCases } from "../../cases/conv/transpose2d.ts";
import { checkOperator } from "../../support/check-operator.ts";

checkOperator(convTranspose2dCases);

const f32 = (...shape: number[]) => ({ shape, dtype: "f32" as const });

describe("conv-transpose2d refuses", () => {
  test("output padding as large as stride and dilation", () => {
    const refused = () => convTranspose2d.attributes({ stride: 2, outputPadding: [1, 2] });
    expect(refused).toThrow(ShapeError);
    expect(refused).toThrow("outputPadding is [1, 2], expected less than stride [2, 2] or dilation [1, 1]");
    expect(convTranspose2d.attributes({ dilation: 3, outputPadding: 2 }).outputPadding).toEqual([2, 2]);
  });

  test("groups of zero", () => {
    expect(() => convTranspose2d.attributes({ groups: 0 })).toThrow("groups is 0, expected at least 1");
  });

  test("a weight of other channels", () => {
    const refused = () => convTranspose2d.shape([f32(1, 4, 5, 5), f32(6, 2, 3, 3)], convTranspose2d.attributes({}));
    expect(refused).toThrow(ShapeError);
    expect(refused).toThrow("got x [1, 4, 5, 5] and weight [6, 2, 3, 3] with groups 1");
  });

  test("channels that do not split into the groups", () => {
    const attrs = convTranspose2d.attributes({ groups: 3 });
    expect(() => convTranspose2d.shape([f32(1, 4, 5, 5), f32(4, 2, 3, 3)], attrs)).toThrow("a multiple of groups");
  });

  test("padding that leaves no output", () => {
    const attrs = convTranspose2d.attributes({ padding: 1 });
    const refused = () => convTranspose2d.shape([f32(1, 1, 1, 4), f32(1, 1, 1, 1)], attrs);
    expect(refused).toThrow("output would be [1, 1, -1, 2]");
  });

  test("integers and wrong ranks", () => {
    const attrs = convTranspose2d.attributes({});
    const integers = { shape: [1, 1, 2, 2], dtype: "i32" as const };
    expect(() => convTranspose2d.shape([integers, f32(1, 1, 1, 1)], attrs)).toThrow("input 0 is i32, expected f32");
    expect(() => convTranspose2d.shape([f32(1, 2, 2), f32(1, 1, 1, 1)], attrs)).toThrow("expected [N, C, H, W]");
    expect(() => convTranspose2d.shape([f32(1, 1, 2, 2), f32(1, 1)], attrs)).toThrow("expected [C, K/groups, R, S]");
  });
});

test("batch norm folds into the weight's output channels, which groups hide", () => {
  expect(convTranspose2d.channelScale?.(convTranspose2d.attributes({}))).toEqual({ input: 1, axis: 1 });
  expect(convTranspose2d.channelScale?.(convTranspose2d.attributes({ groups: 2 }))).toBeUndefined();
});
