import { expect, test } from "vitest";
import { createNode } from "../../../src/graph/ir/graph.ts";
import type { DeviceTraits } from "../../../src/ops/device-traits.ts";
import { concat } from "../../../src/ops/move/concat.ts";
import { type Call, noEpilogue } from "../../../src/ops/operator.ts";
import { wholeView } from "../../../src/ops/view.ts";
import type { Shape } from "../../../src/tensor.ts";
import { concatCases } from "../../cases/move/concat.ts";
import { checkOperator } from "../../support/check-operator.ts";
import { onShortGrid } from "../../support/short-grid.ts";

checkOperator(concatCases);
checkOperator(onShortGrid(concatCases));

const f32 = (...shape: number[]) => ({ shape, dtype: "f32" as const });
const attrs = concat.attributes({});

test("gives the places of channels in a batch item", () => {
  const inputs = [f32(2, 3, 4, 5), f32(2, 1, 4, 5), f32(2, 6, 4, 5)] as const;
  const places = { layout: "item", offsets: [0, 60, 80] };
  expect(concat.regions?.(inputs, attrs)).toEqual(places);
  expect(concat.regions?.(inputs, { axis: -3 })).toEqual(places);
  expect(concat.regions?.([f32(2, 3), f32(1, 3)], { axis: 0 })).toBeUndefined();
});

test("copies only what is not in place", () => {
  const device: DeviceTraits = {
    kind: "software",
    maxWorkgroupInvocations: 256,
    maxWorkgroupStorageBytes: 16384,
    maxWorkgroupsPerDimension: 65535,
    maxBufferBytes: 2 ** 27,
  };
  const operand = (...shape: Shape) => ({ ...f32(...shape), view: wholeView(f32(...shape)) });
  const inputs = [operand(1, 2, 4), operand(1, 3, 4), operand(1, 1, 4)] as const;
  const call: Call<{ axis: number }> = { inputs, outputs: [operand(1, 6, 4)], attrs, epilogue: noEpilogue };
  const copied = (inPlace: number[]) =>
    concat.kernels[0]!.dispatches({ ...call, inPlace: new Set(inPlace) }, device).map(({ bindings }) => bindings[0]);
  expect(copied([])).toEqual([{ input: 0 }, { input: 1 }, { input: 2 }]);
  expect(copied([0, 2])).toEqual([{ input: 1 }]);
  expect(copied([0, 1, 2])).toEqual([]);
});

test("rejects inputs that do not fit", () => {
  expect(() => createNode(concat, [], attrs, { name: "x" })).toThrow("concat: inputs: got none, expected at least one");
  expect(() => concat.shape([f32(2, 3, 4), f32(2, 1, 4), f32(2, 3, 5)], attrs)).toThrow(
    "concat: input 2 does not fit: got f32 [2, 3, 5], expected f32 [2, *, 4] as input 0",
  );
  expect(() => concat.shape([f32(2, 3), { shape: [2, 3], dtype: "i32" }], attrs)).toThrow(
    "concat: input 1 does not fit: got i32 [2, 3], expected f32 [2, *] as input 0",
  );
  expect(() => concat.shape([f32(2, 3)], { axis: 2 })).toThrow("concat: axis is 2, expected -2 to 1");
  expect(() => concat.attributes({ axis: 0.5 })).toThrow("concat: axis is 0.5, expected an integer");
});
