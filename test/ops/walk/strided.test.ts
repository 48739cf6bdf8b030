import { expect, test } from "vitest";
import type { DeviceTraits } from "../../../src/ops/device-traits.ts";
import { flatGrid, walk } from "../../../src/ops/walk/strided.ts";

const device: DeviceTraits = {
  kind: "hardware",
  maxWorkgroupInvocations: 256,
  maxWorkgroupStorageBytes: 16384,
  maxWorkgroupsPerDimension: 65535,
  maxBufferBytes: 2 ** 27,
};

test("lays long grids in rows that the device takes", () => {
  expect(flatGrid(1, device)).toEqual([1, 1, 1]);
  expect(flatGrid(64 * 65535, device)).toEqual([65535, 1, 1]);
  expect(flatGrid(64 * 65535 + 1, device)).toEqual([32768, 2, 1]);
  const [x, y] = flatGrid(2 ** 30, device);
  expect(x).toBeLessThanOrEqual(65535);
  expect(x * y * 64).toBeGreaterThanOrEqual(2 ** 30);
});

test("joins whole tensors into one axis of vectors, and keeps apart what has gaps", () => {
  const whole = { offset: 0, strides: [60, 20, 4, 1] };
  const gaps = { offset: 8, strides: [64, 20, 4, 1] };
  expect(walk([2, 3, 5, 4], { x: whole, y: whole })).toMatchObject({ template: { rank: 1, width: 4 }, count: 30 });
  expect(walk([2, 3, 5, 4], { x: whole, y: gaps })).toMatchObject({ template: { rank: 2, width: 4 }, count: 30 });
  expect(walk([2, 3, 5, 4], { x: whole, y: { ...gaps, offset: 6 } })).toMatchObject({
    template: { rank: 2, width: 1 },
  });
});
