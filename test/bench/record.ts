// A made-up bench record, as a run over kernels and networks leaves it. No number of it was measured.
import { type BenchRecord, type BenchRow, cpuPeers, type PeerResult, type Samples } from "../../bench/record.ts";
import { roofline } from "../../bench/roofline.ts";
import type { GraphProfile, NodeProfile } from "../../src/graph/run/profile.ts";
import { createRandom, seedOf } from "../support/random.ts";

export const peaks = { fmaF32Gflops: 14_200, fmaF16Gflops: 27_500, copyGBs: 610, dispatchUs: 2.1 };

/** Seven samples with exactly this median and this spread. */
export function buildSamples(medianMs: number, spreadMs = medianMs * 0.01): Samples {
  const milliseconds = [-3, -1, -1, 0, 1, 1, 4].map((step) => medianMs + step * spreadMs);
  return { milliseconds, medianMs, spreadMs };
}

export function buildPeer(medianMs: number): PeerResult {
  return { relativeL2: 3e-7, samples: buildSamples(medianMs) };
}

/** One convolution of 1 ms that ONNX Runtime WebGPU computes in 2 ms, unless told otherwise. The ratio follows from the times. */
export function buildRow(overrides: Partial<BenchRow> = {}): BenchRow {
  const row = {
    suite: "kernels",
    group: "ResNet-18",
    name: "conv 3x3 64->64 64x64",
    precision: "f32",
    shape: [1, 64, 64, 64],
    flop: 301_989_888,
    bytes: 2_244_864,
    kernels: ["conv2d-tiled"],
    ours: buildSamples(1),
    gpuMs: 0.8,
    peers: { "ONNX Runtime WebGPU": buildPeer(2) },
    memory: { plannedBytes: 2_097_152, lowerBoundBytes: 2_097_152 },
    ...overrides,
  } as const;
  const times = Object.entries(row.peers).flatMap(([name, peer]) =>
    "samples" in peer && !cpuPeers.has(name) ? [peer.samples.medianMs] : [],
  );
  return {
    ratio: times.length === 0 ? null : Math.min(...times) / row.ours.medianMs,
    rooflineShare: row.gpuMs === null ? null : roofline(row, 1e6 * row.gpuMs, peaks, row.precision).share,
    ...row,
  };
}

/** A step of training of 20 ms, 80 in TensorFlow.js. */
export function buildTrainingRow(overrides: Partial<BenchRow> = {}): BenchRow {
  const name = "TensorFlow.js WebGPU";
  return buildRow({
    suite: "training",
    group: "MSFF-ResNet18",
    name: "MSFF-ResNet18/4 160x160 batch 4",
    shape: [4, 3, 160, 160],
    ours: buildSamples(20),
    gpuMs: 18,
    peers: { [name]: buildPeer(80), "jax-js": { problem: "no dilation" } },
    training: {
      losses: { atrous: [0.7, 0.65, 0.625], [name]: [0.7, 0.65, 0.62501] },
      uploaded: { atrous: buildSamples(21), [name]: buildSamples(82) },
      peakBytes: { atrous: 39e6, [name]: 123e6 },
    },
    ...overrides,
  });
}

/** A record of the given rows on a made-up GPU. */
export function buildRecord(rows: readonly BenchRow[], overrides: Partial<BenchRecord> = {}): BenchRecord {
  return {
    schema: 1,
    date: "2026-03-04T05:06:07.890Z",
    version: "0.1.0",
    adapter: {
      vendor: "acme",
      architecture: "gen-3",
      device: "Acme 3000",
      description: "Acme: 1.2.3",
      kind: "hardware",
      driver: "Acme 3000: 1.2.3",
    },
    host: { cpu: "Acme CPU", cores: 8, node: "v20.20.0" },
    peaks,
    rows,
    ...overrides,
  };
}

/** The same on a software adapter. */
export function asSoftware(record: BenchRecord): BenchRecord {
  const adapter = { ...record.adapter, kind: "software", driver: "llvmpipe: Mesa 25.0.7 (software)" } as const;
  return { ...record, adapter };
}

const convolutions: readonly (readonly [
  group: string,
  name: string,
  shape: readonly number[],
  k: number,
  r: number,
])[] = [
  ["ResNet-18", "conv 7x7 3->64 256x256 s2", [1, 3, 256, 256], 64, 7],
  ["ResNet-18", "conv 3x3 64->64 64x64", [1, 64, 64, 64], 64, 3],
  ["ResNet-18", "conv 3x3 64->128 64x64 s2", [1, 64, 64, 64], 128, 3],
  ["ResNet-18", "conv 1x1 64->128 64x64 s2", [1, 64, 64, 64], 128, 1],
  ["ResNet-18", "conv 3x3 128->128 32x32", [1, 128, 32, 32], 128, 3],
  ["ResNet-18", "conv 3x3 256->256 16x16", [1, 256, 16, 16], 256, 3],
  ["ResNet-18", "conv 3x3 512->512 8x8", [1, 512, 8, 8], 512, 3],
  ["MSFF-ResNet18", "conv 1x1 960->256 64x64", [1, 960, 64, 64], 256, 1],
  ["MSFF-ResNet18", "conv 3x3 256->256 64x64 d2", [1, 256, 64, 64], 256, 3],
  ["MSFF-ResNet18", "conv 3x3 64->64 64x128 d3 g64", [1, 64, 64, 128], 64, 3],
  ["MSFF-ResNet18", "convT 2x2 512->256 32x32 s2", [1, 512, 32, 32], 256, 2],
  ["U-Net", "conv 3x3 64->64 512x512", [1, 64, 512, 512], 64, 3],
  ["U-Net", "conv 3x3 1024->1024 32x32", [1, 1024, 32, 32], 1024, 3],
  ["U-Net", "convT 2x2 1024->512 32x32 s2", [1, 1024, 32, 32], 512, 2],
];

const networks = ["ResNet-18", "MSFF-ResNet18", "U-Net"];
const imageSizes = [
  [1, 128],
  [1, 256],
  [1, 512],
  [1, 1024],
  [2, 256],
  [4, 256],
  [8, 256],
] as const;

/** Kernels and networks in both precisions, with every kind of trouble that a peer or a row can have. */
export function buildWholeRecord(): BenchRecord {
  const kernels = convolutions.flatMap(([group, name, shape, k, r]) => {
    const [n, c, h, w] = [shape[0]!, shape[1]!, shape[2]!, shape[3]!];
    const flop = (2 * n * k * h * w * r * r * (name.includes("g64") ? 1 : c)) / (name.includes("s2") ? 4 : 1);
    const bytes = 4 * (n * c * h * w + n * k * h * w + k * c * r * r);
    return (["f32", "f16"] as const).map((precision) =>
      timedRow({ suite: "kernels", group, name, precision, shape, flop, bytes }),
    );
  });
  const models = networks.flatMap((group, i) =>
    imageSizes.map(([n, side]) => {
      const name = `${group} ${side}x${side}${n === 1 ? "" : ` N${n}`}`;
      const pixels = n * side * side;
      const [flop, bytes] = [pixels * 73_000 * (i + 1), pixels * 900 * (i + 2) + 4.6e7];
      return timedRow({ suite: "models", group, name, precision: "f32", shape: [n, 3, side, side], flop, bytes });
    }),
  );
  return buildRecord([...withTrouble(kernels), ...models, buildTrainingRow()]);
}

type Subject = Pick<BenchRow, "suite" | "group" | "name" | "precision" | "shape" | "flop" | "bytes">;

/** Plausible times: a share of the roof, some overhead, and peers within a factor of four. */
function timedRow(subject: Subject): BenchRow {
  const random = createRandom(seedOf(`${subject.name} ${subject.precision}`));
  const { roofNanoseconds } = roofline(subject, 1, peaks, subject.precision);
  const gpuMs = roofNanoseconds / 1e6 / (0.15 + 0.7 * random()) + 0.004;
  const wallMs = gpuMs + 0.12 + 0.05 * random();
  const peers = {
    "ONNX Runtime WebGPU": buildPeer(wallMs * (0.9 + 2 * random())),
    "TensorFlow.js WebGPU": buildPeer(wallMs * (1.2 + 3 * random())),
    "jax-js": buildPeer(wallMs * (1.1 + 3 * random())),
    "ONNX Runtime CPU": buildPeer(wallMs * (8 + 20 * random())),
  };
  return buildRow({ ...subject, gpuMs, ours: buildSamples(wallMs, wallMs * 0.03 * random()), peers });
}

function withTrouble(rows: readonly BenchRow[]): BenchRow[] {
  return rows.map((row, i) => {
    const peers = { ...row.peers };
    if (row.precision === "f16") {
      peers["jax-js"] = { problem: "computes in f32 only" };
      peers["TensorFlow.js WebGPU"] = { problem: "computes in f32 only" };
    }
    if (row.name.includes("convT")) peers["jax-js"] = { problem: "no transposed convolution" };
    if (i === 6) peers["ONNX Runtime WebGPU"] = { problem: "results differ: relative L2 1.2e-1" };
    if (i === 9) for (const name of Object.keys(peers)) if (!cpuPeers.has(name)) delete peers[name];
    const { ratio: _, rooflineShare: __, ...rest } = row;
    const changed = buildRow({ ...rest, peers, gpuMs: i === 12 ? null : row.gpuMs });
    return i === 18 ? { ...changed, problem: "every peer that ran has another result" } : changed;
  });
}

/** Nodes of a network of convolutions, pools and concatenations; the last one has no time. */
export function buildProfile(count = 40): GraphProfile {
  const random = createRandom(seedOf("profile"));
  let start = 0;
  const nodes = Array.from({ length: count }, (_, i): NodeProfile => {
    const operator = i % 5 === 3 ? "max-pool" : i % 7 === 6 ? "concat" : "conv2d";
    const [channels, side] = [64 << Math.min(3, Math.floor(i / 10)), 64 >> Math.min(3, Math.floor(i / 10))];
    const bytes = 8 * channels * side * side;
    const flop = operator === "conv2d" ? 18 * channels * channels * side * side : operator === "concat" ? 0 : bytes;
    const nanoseconds = roofline({ flop, bytes }, 1, peaks).roofNanoseconds / (0.1 + 0.8 * random()) + 1500;
    const medianNanoseconds = i === count - 1 ? Number.NaN : nanoseconds;
    const node = {
      name: `layer${1 + Math.floor(i / 10)}.${i % 10}.${operator}`,
      operator,
      kernel: `${operator}/${operator === "conv2d" ? "tiled" : "direct"}`,
      outputShape: [1, channels, side, side],
      cost: { flop, bytes },
      nanoseconds: [medianNanoseconds, medianNanoseconds, medianNanoseconds],
      medianNanoseconds,
      startNanoseconds: start,
    };
    start += nanoseconds;
    return node;
  });
  return { nodes, rounds: 3, medianRound: 1, totalNanoseconds: start };
}
