import { expect, test } from "vitest";
import type { Peaks } from "../../bench/record.ts";
import { roofline } from "../../bench/roofline.ts";

/** The ridge is at 10 FLOP per byte. */
const peaks: Peaks = { fmaF32Gflops: 1000, fmaF16Gflops: 4000, copyGBs: 100, dispatchUs: 5 };

test("a kernel left of the ridge is bound by memory", () => {
  expect(roofline({ flop: 2000, bytes: 1000 }, 40, peaks)).toEqual({
    intensity: 2,
    gflops: 50,
    gbPerSecond: 25,
    roofNanoseconds: 10,
    share: 0.25,
    limit: "memory",
  });
});

test("a kernel right of the ridge is bound by arithmetic", () => {
  expect(roofline({ flop: 40_000, bytes: 1000 }, 50, peaks)).toEqual({
    intensity: 40,
    gflops: 800,
    gbPerSecond: 20,
    roofNanoseconds: 40,
    share: 0.8,
    limit: "compute",
  });
});

test("arithmetic in f16 has a roof of its own, where the adapter has one", () => {
  const cost = { flop: 40_000, bytes: 400 };
  expect(roofline(cost, 40, peaks, "f16")).toMatchObject({ roofNanoseconds: 10, share: 0.25, limit: "compute" });
  const without = { ...peaks, fmaF16Gflops: null };
  expect(roofline(cost, 40, without, "f16")).toEqual(roofline(cost, 40, without, "f32"));
});

test("operators that only move data have no arithmetic roof", () => {
  expect(roofline({ flop: 0, bytes: 500 }, 10, peaks)).toMatchObject({ intensity: 0, gflops: 0, share: 0.5 });
});

test("no share is above 1, and none is made up", () => {
  expect(roofline({ flop: 10, bytes: 1000 }, 2, peaks)).toMatchObject({
    roofNanoseconds: 10,
    gbPerSecond: 500,
    share: 1,
  });
  for (const nanoseconds of [0, -1, Number.NaN]) {
    const { gflops, gbPerSecond, share, roofNanoseconds } = roofline({ flop: 10, bytes: 1000 }, nanoseconds, peaks);
    expect([gflops, gbPerSecond, share]).toEqual([Number.NaN, Number.NaN, Number.NaN]);
    expect(roofNanoseconds).toBe(10);
  }
});
