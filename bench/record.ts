// What a bench run leaves behind: one JSON record, from which tables, reports and comparisons are made.
import type { AdapterDescription } from "../src/gpu/gpu.ts";

export interface Samples {
  /** Milliseconds of a run: of each sample, in order. */
  readonly milliseconds: readonly number[];
  readonly medianMs: number;
  /** Half the distance between the quartiles. */
  readonly spreadMs: number;
}

/** What the adapter reached in the same run: the limits that shares are of. Medians of several measurements. */
export interface Peaks {
  /** Fused multiply-adds in registers, two FLOP each. */
  readonly fmaF32Gflops: number;
  /** Null where the device has no `shader-f16`. */
  readonly fmaF16Gflops: number | null;
  /** Bytes read plus bytes written by a copy of buffers larger than the caches, 1e9 bytes per second. */
  readonly copyGBs: number;
  /** Time that one more small dispatch adds to a pass. */
  readonly dispatchUs: number;
}

/** A contender's times, or why it has none. A result that is not the same is never timed. */
export type PeerResult =
  | {
      readonly relativeL2: number;
      readonly samples: Samples;
      /** What the times do not tell, e.g. that some of it ran on the CPU. */
      readonly note?: string;
    }
  | { readonly problem: string };

export type Precision = "f32" | "f16";

/** Where data is before and after what is timed: with `host`, times are of whole runs with upload and read-back. */
export type DataPlace = "host" | "device";

/** What is measured of a step of training beside its time, which is with the batch on the GPU. By contender. */
export interface TrainingMeasures {
  /** Losses of the first steps. */
  readonly losses: Readonly<Record<string, readonly number[]>>;
  /** Times of a step whose batch comes from host memory. */
  readonly uploaded: Readonly<Record<string, Samples>>;
  /** The most bytes at one moment: planned by atrous, seen in the GPU buffers of the others. */
  readonly peakBytes: Readonly<Record<string, number>>;
}

/** One shape or network. */
export interface BenchRow {
  readonly suite: "kernels" | "gradients" | "models" | "training" | "start" | "onnx";
  /** Where the shape comes from, e.g. `ResNet-18`. */
  readonly group: string;
  /** Unique within a suite and precision, e.g. `conv 3x3 64->64 64x64`. */
  readonly name: string;
  readonly precision: Precision;
  /** The convolution as `--conv` takes it; kernels only. */
  readonly spec?: string;
  /** Image of the first input, [N, C, H, W], or volume, [N, C, D, H, W]. */
  readonly shape: readonly number[];
  /** Floating-point operations of one run; a multiply-add counts two. */
  readonly flop: number;
  /** Bytes that must cross the memory bus at least once, over all nodes. */
  readonly bytes: number;
  /** Kernels that ran, in order, without repeats. */
  readonly kernels: readonly string[];
  readonly ours: Samples;
  /** Median GPU time of a run by timestamps; null without them. */
  readonly gpuMs: number | null;
  /** By the peer's name, e.g. `ONNX Runtime WebGPU`. */
  readonly peers: Readonly<Record<string, PeerResult>>;
  /** The fastest GPU peer's median over ours: above 1 atrous is faster. CPU peers never count. */
  readonly ratio: number | null;
  /** The roofline's time (the larger of FLOP over peak and bytes over bandwidth) over the GPU time, 0 to 1. */
  readonly rooflineShare: number | null;
  /** Of steps of training alone; by contender, atrous among them. */
  readonly training?: TrainingMeasures;
  /** Peak planned bytes of activations and the liveness lower bound. */
  readonly memory: { readonly plannedBytes: number; readonly lowerBoundBytes: number };
  /** Numbers that were trained; of ONNX files. */
  readonly parameters?: number;
  /** The largest relative L2 of an output against what another engine computed, before anything was timed; of ONNX files. */
  readonly error?: { readonly against: string; readonly relativeL2: number };
  /** Why the row is not to be trusted, e.g. results that differ. */
  readonly problem?: string;
}

export interface BenchRecord {
  readonly schema: 1;
  /** ISO 8601. */
  readonly date: string;
  /** Version of atrous. */
  readonly version: string;
  readonly adapter: AdapterDescription;
  readonly host: {
    readonly cpu: string;
    readonly cores: number;
    readonly node: string;
    /** Cores that others kept busy just before the run: on a busy machine times are upper bounds. */
    readonly load?: number;
  };
  readonly peaks: Peaks | null;
  /** Absent: host. */
  readonly data?: DataPlace;
  readonly rows: readonly BenchRow[];
}

/** Names of peers that compute on the CPU: shown, never counted in ratios. */
export const cpuPeers: ReadonlySet<string> = new Set(["ONNX Runtime CPU"]);

export function summarize(milliseconds: readonly number[]): Samples {
  const sorted = milliseconds.toSorted((a, b) => a - b);
  const quantile = (q: number) => sorted[Math.round((sorted.length - 1) * q)]!;
  return { milliseconds, medianMs: quantile(0.5), spreadMs: (quantile(0.75) - quantile(0.25)) / 2 };
}
