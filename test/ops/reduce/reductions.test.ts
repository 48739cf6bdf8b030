import { expect, test } from "vitest";
import { noEpilogue } from "../../../src/ops/operator.ts";
import { amax, mean } from "../../../src/ops/reduce/reductions.ts";
import { sum } from "../../../src/ops/reduce/sum-expand.ts";
import { wholeView } from "../../../src/ops/view.ts";
import * as cases from "../../cases/reduce/reductions.ts";
import { checkOperator } from "../../support/check-operator.ts";
import { onShortGrid } from "../../support/short-grid.ts";

checkOperator(cases.sumCases);
checkOperator(cases.meanCases);
checkOperator(cases.prodCases);
checkOperator(cases.amaxCases);
checkOperator(cases.aminCases);
checkOperator(cases.l2NormCases);
checkOperator(cases.logSumExpCases);
for (const integers of cases.integerCases) checkOperator({ ...integers, storages: ["f32"] });
checkOperator(onShortGrid(cases.sumCases));

const type = (dtype: "f32" | "i32", ...shape: number[]) => ({ shape, dtype });

test("shapes with and without the reduced axes", () => {
  const shapeOf = (given: Parameters<typeof sum.attributes>[0]) =>
    sum.shape([type("f32", 2, 3, 4)], sum.attributes(given))[0]?.shape;
  expect(shapeOf({})).toEqual([]);
  expect(shapeOf({ axes: [] })).toEqual([2, 3, 4]);
  expect(shapeOf({ axes: [-1, 0] })).toEqual([3]);
  expect(shapeOf({ axes: [-1, 0], keepDim: true })).toEqual([1, 3, 1]);
});

test("few long rows get a workgroup each, many short ones an invocation", () => {
  const prefers = (kind: "software" | "hardware", shape: readonly number[], axes: readonly number[]) => {
    const attrs = sum.attributes({ axes });
    const whole = (t: { shape: readonly number[] }) => ({
      ...type("f32", ...t.shape),
      view: wholeView(type("f32", ...t.shape)),
    });
    const [output] = sum.shape([type("f32", ...shape)], attrs);
    const device = {
      kind,
      maxWorkgroupInvocations: 256,
      maxWorkgroupStorageBytes: 16384,
      maxWorkgroupsPerDimension: 65535,
      maxBufferBytes: 2 ** 27,
    };
    const call = { inputs: [whole({ shape })], outputs: [whole(output)], attrs, epilogue: noEpilogue } as const;
    return sum.prefer?.(call, device);
  };
  expect(prefers("software", [1024, 1024], [0, 1])).toBe("sum/rows");
  expect(prefers("software", [256, 4096], [1])).toBe("sum/columns");
  expect(prefers("hardware", [256, 4096], [1])).toBe("sum/rows");
  expect(prefers("hardware", [64, 4096], [0])).toBe("sum/columns");
});

test("rejects other types, axes that are not there and axes named twice", () => {
  expect(() => mean.shape([type("i32", 2)], mean.attributes({}))).toThrow("mean: input 0 is i32, expected f32 or f16");
  expect(() => amax.attributes({ axes: [0.5] })).toThrow("amax: axis is 0.5, expected an integer");
  expect(() => sum.shape([type("f32", 2, 3)], sum.attributes({ axes: [2] }))).toThrow(
    "sum: axis is 2, expected -2 to 1 (input shapes: [2, 3])",
  );
  expect(() => sum.shape([type("f32", 2, 3)], sum.attributes({ axes: [1, -1] }))).toThrow(
    "sum: got axes [1, -1], expected each once (input shapes: [2, 3])",
  );
});
