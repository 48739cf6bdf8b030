// `npm run bench`: the convolutions of MSFF-ResNet18 and the whole network beside ONNX Runtime WebGPU on the same adapter.
// Every result is compared before anything is timed; a contender that computes something else is reported, not timed.
import { mkdir, writeFile } from "node:fs/promises";
import { dirname } from "node:path";
import { parseArgs } from "node:util";
import { openGpu } from "../src/gpu/node.ts";
import { difference } from "../src/difference.ts";
import { type BenchCase, convolutionCases, networkCase } from "./cases.ts";
import { type Contender, createAtrous, createData } from "./contenders.ts";
import { peers as engines } from "./peers/index.ts";
import type { Samples } from "./record.ts";
import { sampleInterleaved } from "./sample.ts";

const help = `npm run bench -- [options]
  --size N        pixels along each side of the image (default 256)
  --rounds N      samples of each contender (default 7)
  --filter TEXT   only the cases whose name holds TEXT
  --no-peers      measure atrous alone
  --adapter NAME  auto, hardware, software or part of a name; only with --no-peers
  --json FILE     also write a record
With peers both engines take what the Vulkan loader offers first: choose by VK_DRIVER_FILES.`;

/** Two engines that both compute in f32 may be this far apart, relative L2. */
const agreement = 1e-5;

interface Row {
  readonly name: string;
  readonly count: number;
  readonly gflop: number;
  readonly relativeL2: number | null;
  readonly atrous: Samples;
  readonly peer: Samples | null;
  /** Peer's median time over ours: above 1 atrous is faster. */
  readonly ratio: number | null;
  readonly problem?: string;
}

const { values: flags } = parseArgs({
  options: {
    size: { type: "string", default: "256" },
    rounds: { type: "string", default: "7" },
    filter: { type: "string", default: "" },
    "no-peers": { type: "boolean", default: false },
    adapter: { type: "string", default: "auto" },
    json: { type: "string" },
    help: { type: "boolean", default: false },
  },
});
if (flags.help) console.log(help);
else if (flags.adapter !== "auto" && !flags["no-peers"]) {
  console.error("bench: --adapter moves atrous alone; with peers, set VK_DRIVER_FILES to the driver of both");
  process.exitCode = 2;
} else await main();

async function main(): Promise<void> {
  const gpu = await openGpu({ adapter: flags.adapter });
  const { driver, kind } = gpu.adapter;
  console.log(`${driver}${kind === "software" ? " (a SOFTWARE adapter: ratios may tell, times do not)" : ""}\n`);
  const network = networkCase(Number(flags.size));
  const cases = [...convolutionCases(network.graph), network].filter(({ name }) => name.includes(flags.filter));
  console.log(tableRow("", "count", "GFLOP", "atrous ms", "ORT ms", "GFLOP/s", "ratio"));
  const rows: Row[] = [];
  for (const entry of cases) {
    const row = await measure(gpu, entry, Number(flags.rounds), !flags["no-peers"]);
    rows.push(row);
    console.log(formatRow(row));
  }
  if (flags.json) {
    const record = { date: new Date().toISOString(), adapter: gpu.adapter, size: Number(flags.size), rows };
    await mkdir(dirname(flags.json), { recursive: true });
    await writeFile(flags.json, `${JSON.stringify(record, null, 1)}\n`);
  }
  await gpu.dispose();
  if (rows.some((row) => row.problem)) process.exitCode = 1;
}

async function measure(
  gpu: Awaited<ReturnType<typeof openGpu>>,
  entry: BenchCase,
  rounds: number,
  peers: boolean,
): Promise<Row> {
  const data = createData(entry);
  const contenders: Contender[] = [await createAtrous(gpu, entry, data)];
  let problem: string | undefined;
  try {
    if (peers) contenders.push(await engines["ONNX Runtime WebGPU"](entry, data));
  } catch (error) {
    problem = `ONNX Runtime: ${error instanceof Error ? error.message.split("\n")[0] : error}`;
  }
  try {
    let relativeL2: number | null = null;
    if (contenders[1]) {
      const [ours, theirs] = [await resultOf(contenders[0]!), await resultOf(contenders[1])];
      relativeL2 = difference([ours.length], ours, theirs).relativeL2;
      if (!(relativeL2 <= agreement)) {
        problem = `results differ: relative L2 ${relativeL2.toExponential(1)}`;
        await contenders.pop()!.dispose();
      }
    }
    const [atrous, peer] = await sampleInterleaved(contenders, rounds);
    const ratio = peer ? peer.medianMs / atrous!.medianMs : null;
    const { name, count } = entry;
    const row = { name, count, gflop: entry.flop / 1e9, relativeL2, atrous: atrous!, peer: peer ?? null, ratio };
    return problem ? { ...row, problem } : row;
  } finally {
    for (const contender of contenders) await contender.dispose();
  }
}

async function resultOf(contender: Contender): Promise<Float32Array> {
  return contender.result(await contender.run());
}

function formatRow({ name, count, gflop, atrous, peer, ratio, problem }: Row): string {
  const ms = (samples: Samples | null) =>
    samples ? `${samples.medianMs.toFixed(2)} ±${samples.spreadMs.toFixed(2)}` : "-";
  const speed = (gflop / atrous.medianMs) * 1000;
  const times = [gflop.toFixed(3), ms(atrous), ms(peer), speed.toFixed(1), ratio ? `${ratio.toFixed(2)}x` : "-"];
  return tableRow(name, `${count}`, ...times) + (problem ? `  ${problem}` : "");
}

function tableRow(name: string, ...cells: readonly string[]): string {
  const widths = [5, 8, 16, 16, 8, 8];
  return name.padEnd(34) + cells.map((cell, i) => cell.padStart(widths[i]!)).join(" ");
}
