// `atrous bench`: kernels and networks, measured and checked, beside other engines.

import { type Command, InvalidArgumentError } from "commander";
// The one command that reaches beside the public API: the bench measures the engine's inside.
import type {
  BenchCase,
  BenchRecord,
  BenchRow,
  Measurement,
  NetworkName,
  PeerName,
  Precision,
} from "../../bench/index.ts";
import { type CandidateReport, type Tuning, UsageError } from "../index.ts";
import { writeFileAtomic } from "../node.ts";
import { parseCount } from "./arguments.ts";
import { requireNewFile } from "./output.ts";
import type { GlobalOptions, Session } from "./session.ts";
import { readTuning } from "./tune.ts";

interface BenchFlags extends GlobalOptions {
  readonly peers?: true | string;
  readonly conv?: string[];
  readonly filter: string;
  readonly sizes: number[];
  readonly batches: number[];
  readonly networks: NetworkName[];
  readonly precision: Precision[];
  readonly rounds: number;
  readonly tuning?: string;
  readonly tune?: true;
  readonly resident?: true;
  readonly profile?: string;
  readonly json?: string;
  readonly html?: string;
  readonly baseline?: string;
}

export function addBench(program: Command, session: Session): void {
  program
    .command("bench")
    .description("Measure kernels or whole networks on this adapter, each result checked first.")
    .argument(
      "[suite]",
      "kernels: the convolutions of many networks; models: MSFF-ResNet18; start: its cold start; onnx: FILES",
      "models",
    )
    .argument("[files...]", "ONNX files, of one input each; FILE@1,3,320,320 gives it a shape")
    .option("--peers [names]", "also run other engines: all, or some of ort, ort-cpu, tfjs, jax, with commas")
    .option("--conv <shape>", 'measure this convolution instead, as "1,64,128,128 k3 c64 d2"; may be repeated', collect)
    .option("--filter <text>", "only what holds this text in its name", "")
    .option("--sizes <list>", "pixels along each side, for models", parseCounts, [256])
    .option("--batches <list>", "images per run, for models", parseCounts, [1])
    .option("--networks <list>", `of models: ${networkNames.join(", ")}`, parseNetworks, ["msff"])
    .option("--precision <list>", "how tensors are stored: f32, f16 or both", parsePrecisions, ["f32"])
    .option("--rounds <n>", "samples of each engine", parseCount, 7)
    .option("--tuning <file>", "kernels that `atrous tune` measured on this adapter")
    .option("--tune", "measure every kernel of every case first, say how fast each is, take the fastest")
    .option("--resident", "leave image and result on the GPU; engines that cannot are left out")
    .option(
      "--profile <prefix>",
      "also write PREFIX.trace.json (Perfetto) and PREFIX.html, layer by layer; one case only",
    )
    .option("--json <file>", "also write the record; - for standard output, and nothing else there")
    .option("--html <file>", "also write a report with plots")
    .option("--baseline <file>", "compare with an earlier record; a regression beyond the noise makes the exit code 1")
    .addHelpText(
      "after",
      `
Times are of whole runs, data in and data out of host memory, or with --resident
from GPU memory to GPU memory; GPU ms are by timestamps. Engines take turns on
the same driver; --adapter moves atrous alone, so with --peers choose the driver
by VK_DRIVER_FILES. Peers are packages to install: onnxruntime-node,
@tensorflow/tfjs-core with @tensorflow/tfjs-backend-webgpu, @jax-js/jax.

ONNX files are compared before they are timed: with PyTorch where
FILE.safetensors beside FILE.onnx holds image and output0, output1, ..., as
test/conformance/export.py writes it, else with ONNX Runtime on the CPU.

Exit codes: 0 good, 1 a result differs or a regression, 2 bad usage or input.

Examples:
  $ atrous bench models --sizes 160,256,512 --html report.html
  $ atrous bench kernels --peers ort --filter ResNet-18
  $ atrous bench kernels --conv "1,64,128,128 k3 c64 d2"
  $ atrous bench kernels --conv "1,16,32,64,64 k3 c32" --tune
  $ atrous bench onnx a.onnx b.onnx@1,3,48,320 --precision f32,f16 --peers ort`,
    )
    .action(async (suite: string, files: readonly string[], _: unknown, command: Command) => {
      if (files.length > 0 !== (suite === "onnx"))
        throw new UsageError(`bench: got suite "${suite}" and ${files.length} files, expected files with onnx alone`);
      await bench(session, { suite, files }, command.optsWithGlobals<BenchFlags>());
    });
}

const collect = (text: string, before: string[] = []): string[] => [...before, text];

function parseCounts(text: string): number[] {
  return text.split(",").map((word) => parseCount(word));
}

const networkNames = ["msff", "msff-pools-4", "resnet18"] as const satisfies readonly NetworkName[];

function parseNetworks(text: string): NetworkName[] {
  return parseList(text, networkNames);
}

function parsePrecisions(text: string): Precision[] {
  return parseList(text, ["f32", "f16"]);
}

function parseList<T extends string>(text: string, allowed: readonly T[]): T[] {
  return text.split(",").map((word) => {
    const found = allowed.find((name) => name === word);
    if (found === undefined) throw new InvalidArgumentError(`Expected some of ${allowed.join(", ")}, with commas.`);
    return found;
  });
}

const shortNames: Readonly<Record<string, PeerName>> = {
  ort: "ONNX Runtime WebGPU",
  "ort-cpu": "ONNX Runtime CPU",
  tfjs: "TensorFlow.js WebGPU",
  jax: "jax-js",
};

/** The peers that were asked for. Throws UsageError for a name that is none. */
function choosePeers(asked: true | string | undefined): PeerName[] {
  if (asked === undefined) return [];
  if (asked === true || asked === "all") return Object.values(shortNames);
  return asked.split(",").map((name) => {
    const peer = shortNames[name];
    if (peer) return peer;
    throw new UsageError(`--peers: got "${name}", expected all or some of ${Object.keys(shortNames).join(", ")}`);
  });
}

/** Loaded when it is used: other commands start without it. */
function loadBench() {
  return import("../../bench/index.ts");
}

/** What the arguments name. */
interface Asked {
  readonly suite: string;
  readonly files: readonly string[];
}

interface Chosen {
  readonly cases: readonly BenchCase[];
  close(): Promise<void>;
}

async function chooseCases({ suite, files }: Asked, flags: BenchFlags): Promise<Chosen> {
  const { conv, filter, precision: precisions, ...models } = flags;
  if (suite === "onnx") return openFiles(files, precisions);
  if (suite !== "kernels" && suite !== "models")
    throw new UsageError(`bench: got suite "${suite}", expected kernels, models, start or onnx`);
  const { benchCases, convCase, parseConv } = await loadBench();
  const cases = conv
    ? precisions.flatMap((precision) => conv.map((shape) => convCase("custom", parseConv(shape), precision)))
    : benchCases({ suite, filter, precisions, ...models });
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

interface Measured {
  readonly record: BenchRecord;
  /** Of the last case. */
  readonly profile?: Measurement["profile"];
}

/** A function that measures what was asked for. Throws UsageError before anything runs. */
async function plan(
  session: Session,
  asked: Asked,
  flags: BenchFlags,
  tuning?: Tuning,
): Promise<() => Promise<Measured>> {
  const peers = choosePeers(flags.peers);
  if (flags.adapter !== "auto" && peers.length > 0)
    throw new UsageError("--adapter: moves atrous alone; with --peers, set VK_DRIVER_FILES to the driver of all");
  const { createRecord, measureStart, runBench } = await loadBench();
  if (asked.suite === "start") {
    const withPeer = peers.includes("ONNX Runtime WebGPU");
    if (peers.length > (withPeer ? 1 : 0)) throw new UsageError("--peers: cold starts are compared with ort alone");
    const { rounds, sizes, adapter } = flags;
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

async function bench(session: Session, asked: Asked, flags: BenchFlags): Promise<void> {
  const { compareRecords, formatRecord, readRecord } = await loadBench();
  const baseline = flags.baseline === undefined ? undefined : await readRecord(flags.baseline);
  const measure = await plan(
    session,
    asked,
    flags,
    flags.tuning === undefined ? undefined : await readTuning(flags.tuning),
  );
  for (const file of outputFiles(flags)) await requireNewFile(file, flags.baseline ? [flags.baseline] : []);
  const measured = await measure();
  const { record } = measured;

  const compared = baseline && compareRecords(baseline, record);
  if (flags.json === "-") session.printJson(record);
  else session.print(formatRecord(record, { width: session.streams.stdout.columns ?? 120 }));
  if (compared && flags.json !== "-") session.print(`\n${compared.text}`);
  else if (compared) session.note(compared.text);
  await writeFiles(flags, measured);
  const regressed = (compared?.regressions.length ?? 0) > 0;
  session.exitCode = regressed || record.rows.some(({ problem }) => problem !== undefined) ? 1 : 0;
}

function outputFiles({ json, html, profile }: BenchFlags): string[] {
  const files = [
    json === "-" ? undefined : json,
    html,
    profile && `${profile}.html`,
    profile && `${profile}.trace.json`,
  ];
  return files.filter((file) => file !== undefined);
}

async function writeFiles({ json, html, profile: prefix }: BenchFlags, { record, profile }: Measured): Promise<void> {
  const { createTrace, formatHtml } = await loadBench();
  const write = (path: string, text: string) => writeFileAtomic(path, new TextEncoder().encode(text));
  if (json && json !== "-") await write(json, `${JSON.stringify(record, null, 1)}\n`);
  if (html) await write(html, formatHtml(record));
  if (!prefix || !profile || !record.peaks) return;
  const title = record.rows.at(-1)!.name;
  const trace = createTrace(profile, record.peaks, { title, track: record.adapter.driver });
  await write(`${prefix}.trace.json`, JSON.stringify(trace));
  await write(`${prefix}.html`, formatHtml(record, { profiles: [{ title, profile }] }));
}
