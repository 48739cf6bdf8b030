// Cold starts: from the start of a process to the first result, with empty shader caches, each engine in processes of its own.
import { spawn } from "node:child_process";
import { mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { difference } from "../src/difference.ts";
import { writeSafetensors } from "../src/formats/safetensors/index.ts";
import { msffResNet18 } from "../src/models/networks/msff-resnet18.ts";
import { type BenchCase, networkCase } from "./cases.ts";
import { createData } from "./contenders.ts";
import { agreement } from "./measure.ts";
import { shareEmbeddedDriver } from "./peers/dawn.ts";
import { toOnnx } from "./peers/onnx.ts";
import { type BenchRow, type PeerResult, type Samples, summarize } from "./record.ts";
import { peerRatio } from "./report/summary.ts";

/** What a child process is told; it answers with one line of JSON, `StartAnswer`. */
export interface StartRequest {
  readonly engine: "atrous" | "ONNX Runtime WebGPU";
  /** A safetensors or ONNX file with the same weights. */
  readonly model: string;
  readonly shape: readonly number[];
  /** File of raw f32 pixels. */
  readonly image: string;
  /** File to write the logits to, raw f32. */
  readonly logits: string;
  readonly adapter: string;
}

export interface StartAnswer {
  /** Since the process began. */
  readonly firstResultMs: number;
  /** Of atrous: its phases, in milliseconds. */
  readonly phases?: Readonly<Record<string, number>>;
}

export interface StartOptions {
  readonly size: number;
  readonly rounds: number;
  readonly withPeer: boolean;
  readonly adapter: string;
}

/** One row, engines in turn. Rejects with Error if atrous itself fails. */
export async function measureStart(options: StartOptions): Promise<BenchRow> {
  const folder = await mkdtemp(join(tmpdir(), "atrous-start-"));
  try {
    const entry = networkCase(options.size, 1);
    const requests = await prepare(folder, entry, options);
    const times = new Map<string, number[]>(requests.map(({ engine }) => [engine, []]));
    const problems: Record<string, PeerResult> = {};
    for (let round = 0; round < options.rounds; round++) {
      for (const request of requests) {
        if (problems[request.engine]) continue;
        const cache = join(folder, `cache-${request.engine}-${round}`);
        await mkdir(cache);
        try {
          times.get(request.engine)!.push((await runChild(request, cache)).firstResultMs);
        } catch (error) {
          if (request.engine === "atrous") throw error;
          problems[request.engine] = { problem: error instanceof Error ? error.message.split("\n")[0]! : `${error}` };
        }
      }
    }
    const ours = summarize(times.get("atrous")!);
    const peers = { ...problems, ...(await comparePeers(requests, times)) };
    return row(entry, ours, peers);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** The same weights in both formats, and the image. */
async function prepare(folder: string, entry: BenchCase, options: StartOptions): Promise<StartRequest[]> {
  const data = createData(entry);
  const { graph } = entry;
  const image = join(folder, "image.bin");
  const [input] = graph.inputs;
  const shape = input!.type.shape;
  await writeFile(image, data.image);
  const tensors = await Promise.all(
    graph.parameters.map(
      async ({ name, type }) => [name, { shape: type.shape, data: await data.parameter(name) }] as const,
    ),
  );
  const metadata = { "atrous.network": msffResNet18.name, "atrous.options": "{}" };
  const weights = join(folder, "model.safetensors");
  await writeFile(weights, writeSafetensors(new Map(tensors), metadata));
  const common = { shape, image, adapter: options.adapter };
  const ours: StartRequest = { engine: "atrous", model: weights, logits: join(folder, "atrous.bin"), ...common };
  if (!options.withPeer) return [ours];
  await shareEmbeddedDriver();
  const model = join(folder, "model.onnx");
  await writeFile(model, await toOnnx(graph, data.parameter));
  return [ours, { engine: "ONNX Runtime WebGPU", model, logits: join(folder, "ort.bin"), ...common }];
}

/** `cache`: an empty folder, where drivers keep compiled shaders. */
function runChild(request: StartRequest, cache: string): Promise<StartAnswer> {
  const caches = { XDG_CACHE_HOME: cache, MESA_SHADER_CACHE_DIR: cache, __GL_SHADER_DISK_CACHE_PATH: cache };
  const program = fileURLToPath(new URL("./start-child.js", import.meta.url));
  const child = spawn(process.execPath, [program, JSON.stringify(request)], {
    env: { ...process.env, ...caches },
    stdio: ["ignore", "pipe", "pipe"],
  });
  const text = { out: "", err: "" };
  child.stdout.on("data", (part) => {
    text.out += part;
  });
  child.stderr.on("data", (part) => {
    text.err += part;
  });
  return new Promise((resolve, reject) => {
    child.on("error", reject);
    child.on("close", (code) => {
      if (code === 0) resolve(JSON.parse(text.out.trim().split("\n").at(-1)!));
      else
        reject(new Error(`${request.engine}: the process ended with ${code}: ${text.err.trim().split("\n").at(-1)}`));
    });
  });
}

/** The peer's times if it computed the same. */
async function comparePeers(
  [ours, ...others]: readonly StartRequest[],
  times: ReadonlyMap<string, readonly number[]>,
): Promise<Record<string, PeerResult>> {
  const results: Record<string, PeerResult> = {};
  const expected = await readFloats(ours!.logits);
  for (const { engine, logits } of others) {
    const milliseconds = times.get(engine)!;
    if (milliseconds.length === 0) continue;
    const { relativeL2 } = difference([expected.length], await readFloats(logits), expected);
    const differs = `result differs: relative L2 ${relativeL2.toExponential(1)}`;
    results[engine] =
      relativeL2 <= agreement.f32 ? { relativeL2, samples: summarize(milliseconds) } : { problem: differs };
  }
  return results;
}

async function readFloats(path: string): Promise<Float32Array> {
  const bytes = await readFile(path);
  return new Float32Array(bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.byteLength));
}

function row({ name, flop, bytes, graph }: BenchCase, ours: Samples, peers: Record<string, PeerResult>): BenchRow {
  return {
    suite: "start",
    group: "Cold start",
    name,
    precision: "f32",
    shape: graph.inputs[0]!.type.shape,
    flop,
    bytes,
    kernels: [],
    ours,
    gpuMs: null,
    peers,
    ratio: peerRatio({ peers, ours }),
    rooflineShare: null,
    memory: { plannedBytes: 0, lowerBoundBytes: 0 },
  };
}
