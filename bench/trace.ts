// A profile as a timeline for chrome://tracing and https://ui.perfetto.dev.
// Source: Trace Event Format, https://docs.google.com/document/d/1CvAClvFfyA5R-PhYUmn5OOQtYMH4h6I0nSsKchNAySU
import type { GraphProfile, NodeProfile } from "../src/graph/run/profile.ts";
import { formatShape } from "../src/tensor.ts";
import type { Peaks, Precision } from "./record.ts";
import { roofline } from "./roofline.ts";

export type TraceEvent =
  | {
      readonly ph: "M";
      readonly name: "process_name" | "thread_name";
      readonly pid: number;
      readonly tid: number;
      readonly args: { readonly name: string };
    }
  | {
      readonly ph: "X";
      readonly name: string;
      readonly cat: string;
      readonly pid: number;
      readonly tid: number;
      /** Microseconds. */
      readonly ts: number;
      /** Microseconds. */
      readonly dur: number;
      readonly args: Readonly<Record<string, string | number>>;
    };

export interface Trace {
  readonly displayTimeUnit: "ns";
  readonly traceEvents: readonly TraceEvent[];
}

export interface TraceOptions {
  /** Names the process in the viewer, e.g. network and shape. */
  readonly title: string;
  /** Names the track, e.g. the adapter's driver. */
  readonly track: string;
  /** Of the arithmetic; default f32. */
  readonly precision?: Precision;
}

const place = { pid: 1, tid: 1 } as const;

/** The median round of a profile. Nodes that this round has no time of are left out. */
export function createTrace(profile: GraphProfile, peaks: Peaks, options: TraceOptions): Trace {
  const { title, track, precision = "f32" } = options;
  const timed = profile.nodes
    .map((node) => ({ node, nanoseconds: node.nanoseconds[profile.medianRound] ?? Number.NaN }))
    .filter(({ node, nanoseconds }) => Number.isFinite(nanoseconds) && node.startNanoseconds >= 0);
  return {
    displayTimeUnit: "ns",
    traceEvents: [
      { ph: "M", name: "process_name", ...place, args: { name: title } },
      { ph: "M", name: "thread_name", ...place, args: { name: `GPU: ${track}` } },
      ...timed.map(({ node, nanoseconds }) => nodeEvent(node, nanoseconds, peaks, precision)),
    ],
  };
}

function nodeEvent(node: NodeProfile, nanoseconds: number, peaks: Peaks, precision: Precision): TraceEvent {
  const { gflops, gbPerSecond, share, limit } = roofline(node.cost, nanoseconds, peaks, precision);
  // A pass of 0 ns, as coarse clocks give, has no speed.
  const speed = Number.isFinite(share)
    ? {
        "GFLOP/s": rounded(gflops),
        "GB/s": rounded(gbPerSecond),
        "% of roofline": rounded(100 * share),
        "bound by": limit,
      }
    : {};
  return {
    ph: "X",
    name: node.name,
    cat: node.operator,
    ...place,
    ts: node.startNanoseconds / 1000,
    dur: nanoseconds / 1000,
    args: { operator: node.operator, kernel: node.kernel, shape: formatShape(node.outputShape), ...speed },
  };
}

/** Four significant digits. */
function rounded(value: number): number {
  return Number(value.toPrecision(4));
}
