// One row of a record from what was measured, in Node and in the browser alike.
import type { Graph } from "../src/graph/ir/graph.ts";
import type { GraphProfile } from "../src/graph/run/profile.ts";
import { elementCount } from "../src/tensor.ts";
import type { BenchCase } from "./cases.ts";
import type { AtrousContender } from "./contenders.ts";
import type { BenchRow, Peaks, PeerResult, Samples } from "./record.ts";
import { peerRatio } from "./report/summary.ts";
import { roofline } from "./roofline.ts";

export interface Measured {
  readonly samples: Samples;
  readonly profile: GraphProfile | undefined;
  readonly peaks: Peaks | null;
  readonly peers: Readonly<Record<string, PeerResult>>;
  /** Of a file. */
  readonly error?: BenchRow["error"];
}

/** Weights, and constants that are floats: PaddlePaddle writes its weights as such. */
function countParameters({ parameters, nodes }: Graph): number {
  const constants = nodes.flatMap(({ inputs }) => inputs).filter(({ data }) => data instanceof Float32Array);
  return [...new Set([...parameters, ...constants])].reduce((sum, { type }) => sum + elementCount(type.shape), 0);
}

export function createRow(
  { suite, group, name, spec, graph, precision, flop, bytes }: BenchCase,
  { kernels, memory: { activationBytes, lowerBoundBytes } }: Pick<AtrousContender, "kernels" | "memory">,
  { samples, profile, peaks, peers, error }: Measured,
): BenchRow {
  const gpuMs = profile ? profile.totalNanoseconds / 1e6 : null;
  return {
    suite,
    group,
    name,
    precision,
    ...(spec !== undefined && { spec }),
    shape: graph.inputs[0]!.type.shape,
    flop,
    bytes,
    kernels,
    ours: samples,
    gpuMs,
    peers,
    ratio: peerRatio({ peers, ours: samples }),
    rooflineShare: peaks && gpuMs ? roofline({ flop, bytes }, gpuMs * 1e6, peaks).share : null,
    memory: { plannedBytes: activationBytes, lowerBoundBytes },
    ...(error && { parameters: countParameters(graph), error }),
  };
}
