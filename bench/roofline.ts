// How near a kernel comes to what the adapter can do: the roofline model.
// Source: Williams, Waterman, Patterson: Roofline, Communications of the ACM 52(4), 2009.
import type { Cost } from "../src/ops/cost.ts";
import type { Peaks, Precision } from "./record.ts";

export interface Roofline {
  /** FLOP per byte; infinite without bytes, 0 without either. */
  readonly intensity: number;
  /** What was attained, 1e9 FLOP per second. */
  readonly gflops: number;
  /** What was attained, 1e9 bytes per second. */
  readonly gbPerSecond: number;
  /** The least time that the peaks allow: the larger of FLOP over peak and bytes over bandwidth. */
  readonly roofNanoseconds: number;
  /** `roofNanoseconds` over the time taken, at most 1: what stays in a cache can beat the memory's roof. */
  readonly share: number;
  /** Which of the two bounds the roof. */
  readonly limit: "compute" | "memory";
}

/**
 * Places a kernel under the roof. What it attained and its share are NaN for a time that is not positive.
 * `precision` is that of the arithmetic; f16 where the adapter has no f16 peak is measured against the f32 one.
 */
export function roofline(cost: Cost, nanoseconds: number, peaks: Peaks, precision: Precision = "f32"): Roofline {
  const peakGflops = precision === "f16" ? (peaks.fmaF16Gflops ?? peaks.fmaF32Gflops) : peaks.fmaF32Gflops;
  // FLOP over 1e9 FLOP per second is nanoseconds.
  const computeNanoseconds = cost.flop / peakGflops;
  const memoryNanoseconds = cost.bytes / peaks.copyGBs;
  const roofNanoseconds = Math.max(computeNanoseconds, memoryNanoseconds);
  const taken = nanoseconds > 0 ? nanoseconds : Number.NaN;
  return {
    intensity: cost.flop === 0 ? 0 : cost.flop / cost.bytes,
    gflops: cost.flop / taken,
    gbPerSecond: cost.bytes / taken,
    roofNanoseconds,
    share: Math.min(1, roofNanoseconds / taken),
    limit: computeNanoseconds > memoryNanoseconds ? "compute" : "memory",
  };
}
