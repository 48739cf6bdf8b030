// What `atrous bench` is to measure: cases and peers by the arguments, and a function that measures them.
// The one command that reaches beside the public API: the bench measures the engine's inside.
import type { AnyCase, BenchRecord, BenchRow, Measurement, PeerName, Precision } from "../../bench/index.ts";
import { type CandidateReport, type Tuning, UsageError } from "../index.ts";
import type { BenchFlags } from "./bench-options.ts";
import type { Session } from "./session.ts";

const shortNames: Readonly<Record<string, PeerName>> = {
  ort: "ONNX Runtime WebGPU",
  "ort-cpu": "ONNX Runtime CPU",
  tfjs: "TensorFlow.js WebGPU",
  jax: "jax-js",
};

/** The peers that were asked for and can do what the suite measures. Throws UsageError for a name that is none of them. */
function choosePeers(suite: string, asked: true | string | undefined): PeerName[] {
  if (asked === undefined) return [];
  const training = Object.keys(shortNames).filter((name) => name === "tfjs" || name === "jax");
  const known = suite === "training" ? training : Object.keys(shortNames);
  const names = asked === true || asked === "all" ? known : asked.split(",");
  return names.map((name) => {
    if (known.includes(name)) return shortNames[name]!;
    throw new UsageError(`--peers: got "${name}", expected all or some of ${known.join(", ")}`);
  });
}

/** Loaded when it is used: other commands start without it. */
export function loadBench() {
  return import("../../bench/index.ts");
}

/** What the arguments name. */
export interface Asked {
  readonly suite: string;
  readonly files: readonly string[];
}

interface Chosen {
  readonly cases: readonly AnyCase[];
  close(): Promise<void>;
}

/** What is measured unless the sizes are given. */
const defaults = { sizes: 256, batches: 1, training: { sizes: 160, batches: 4 } } as const;

async function chooseCases({ suite, files }: Asked, flags: BenchFlags): Promise<Chosen> {
  const { conv, filter, gradients, precision: precisions, networks, ...given } = flags;
  if (suite === "onnx") return openFiles(files, precisions);
  if (suite !== "kernels" && suite !== "models" && suite !== "training")
    throw new UsageError(`bench: got suite "${suite}", expected kernels, models, training, start or onnx`);
  const { benchCases, convCase, convGradientCases, parseConv } = await loadBench();
  const usual = suite === "training" ? defaults.training : defaults;
  const { sizes = [usual.sizes], batches = [usual.batches] } = given;
  const ofConv = (shape: string, precision: Precision) =>
    gradients ? convGradientCases(parseConv(shape), precision) : [convCase("custom", parseConv(shape), precision)];
  const cases = conv
    ? precisions.flatMap((precision) => conv.flatMap((shape) => ofConv(shape, precision)))
    : benchCases({ suite: gradients ? "gradients" : suite, filter, precisions, networks, sizes, batches });
  if (cases.length > 0) return { cases, close: async () => {} };
  throw new UsageError(`--filter: nothing in ${suite} holds "${filter}"`);
}

async function openFiles(files: readonly string[], precisions: readonly Precision[]): Promise<Chosen> {
  const { openOnnxCases, parseOnnxPath } = await loadBench();
  const opened: Chosen[] = [];
  const close = async () => {
    for (const file of opened) await file.close();
  };
  try {
    for (const file of files) opened.push(await openOnnxCases(parseOnnxPath(file), precisions));
  } catch (error) {
    await close();
    throw error;
  }
  return { cases: opened.flatMap(({ cases }) => cases), close };
}

export interface Measured {
  readonly record: BenchRecord;
  /** Of the last case. */
  readonly profile?: Measurement["profile"];
}

/** A function that measures what was asked for. Throws UsageError before anything runs. */
export async function planBench(
  session: Session,
  asked: Asked,
  flags: BenchFlags,
  tuning?: Tuning,
): Promise<() => Promise<Measured>> {
  const peers = choosePeers(asked.suite, flags.peers);
  if (flags.gradients && peers.length > 0)
    throw new UsageError("--gradients: kernels of atrous, which peers do not show");
  if (flags.adapter !== "auto" && peers.length > 0)
    throw new UsageError("--adapter: moves atrous alone; with --peers, set VK_DRIVER_FILES to the driver of all");
  const { createRecord, measureStart, runBench } = await loadBench();
  if (asked.suite === "start") {
    const withPeer = peers.includes("ONNX Runtime WebGPU");
    if (peers.length > (withPeer ? 1 : 0)) throw new UsageError("--peers: cold starts are compared with ort alone");
    const { rounds, sizes = [defaults.sizes], adapter } = flags;
    return async () => {
      const rows: BenchRow[] = [];
      for (const size of sizes) rows.push(await measureStart({ size, rounds, withPeer, adapter }));
      return { record: await session.withGpu(flags, async (gpu) => createRecord(gpu, null, rows)) };
    };
  }
  const { cases, close } = await chooseCases(asked, flags);
  if (flags.profile !== undefined && cases.length > 1)
    throw new UsageError(`--profile: got ${cases.length} cases, expected one, by --filter, --sizes and --batches`);
  return async () => {
    const progress = session.progress("measuring");
    let profile: Measurement["profile"];
    const onCase = (measured: Measurement, done: number, total: number) => {
      profile = measured.profile;
      progress.update(done, total);
    };
    const onCandidate = ({ signature, candidate, verdict, microseconds, relativeL2 }: CandidateReport) =>
      session.note(`${signature}: ${candidate} ${verdict}, ${microseconds.toFixed(1)} us, relative L2 ${relativeL2}`);
    const given = { rounds: flags.rounds, ...(tuning && { tuning }), ...(flags.tune && { tune: true }) };
    const data = flags.resident ? { data: "device" as const } : {};
    const record = await session
      .withGpu(flags, (gpu) => runBench(gpu, { ...given, ...data, cases, peers, onCase, onCandidate }))
      .finally(() => progress.stop())
      .finally(close);
    return { record, profile };
  };
}
