// `atrous tune`: measures every kernel of every layer on this adapter and writes down the fastest right ones.

import type { Command } from "commander";
import {
  buildModelGraph,
  type CandidateReport,
  type Graph,
  importOnnx,
  isOnnx,
  parseTuning,
  type Tuning,
  tune,
} from "../index.ts";
import { readText, writeFileAtomic } from "../node.ts";
import { type InputShape, parseCount, parseInputShapes, precisionOption } from "./arguments.ts";
import { imageShape, modelHelp, openModel } from "./model.ts";
import { importShapes } from "./onnx.ts";
import { requireNewFile } from "./output.ts";
import type { GlobalOptions, Session } from "./session.ts";
import { formatFacts, formatTable } from "./table.ts";

interface TuneOptions extends GlobalOptions {
  readonly output: string;
  readonly shape?: readonly InputShape[];
  readonly rounds: number;
  readonly precision: "f32" | "f16";
  readonly known?: string;
  readonly json?: true;
}

export function addTune(program: Command, session: Session): void {
  program
    .command("tune")
    .description("Measure every kernel of every layer on this adapter and keep the fastest.")
    .argument("<MODEL>", modelHelp)
    .requiredOption("-o, --output <file>", "tuning to write (JSON), for --tuning of other commands")
    .option(
      "--shape <[input=]sizes>",
      "shape of the image (default: one 512x512 image), or of an ONNX model's inputs",
      parseInputShapes,
    )
    .addOption(precisionOption())
    .option("--rounds <n>", "timed runs of each kernel", parseCount, 5)
    .option("--known <file>", "an earlier tuning of this adapter, to add to")
    .option("--json", "print every measurement as JSON on standard output")
    .addHelpText(
      "after",
      `
Every kernel is checked against the readable reference kernel before it is
timed; a wrong one is reported, never used, and makes the exit code 1.

Examples:
  $ atrous tune MODEL --shape 1,3,256,256 -o tuning.json
  $ atrous run MODEL --input A --output B --tuning tuning.json`,
    )
    .action(async (path: string, _, command: Command) => {
      const options = command.optsWithGlobals<TuneOptions>();
      await requireNewFile(options.output, [path]);
      const known = options.known === undefined ? undefined : await readTuning(options.known);
      const { graph, close } = await openGraph(path, options.shape ?? []);
      try {
        const reports: CandidateReport[] = [];
        const progress = session.progress("measuring kernels");
        const measured = await session
          .withGpu(options, async (gpu) => {
            const tuning = await tune(gpu, graph, {
              rounds: options.rounds,
              precision: options.precision,
              onCandidate: (report) => reports.push(report),
              onProgress: progress.update,
              ...(known && { known }),
            });
            return { driver: gpu.adapter.driver, tuning };
          })
          .finally(() => progress.stop());
        await writeFileAtomic(
          options.output,
          new TextEncoder().encode(`${JSON.stringify(measured.tuning, null, 1)}\n`),
        );
        if (reports.some(({ verdict }) => verdict !== "timed")) session.exitCode = 1;
        if (options.json) session.printJson({ adapter: measured.driver, output: options.output, candidates: reports });
        else session.print(asText(measured, reports, options.output));
      } finally {
        await close();
      }
    });
}

interface OpenGraph {
  readonly graph: Graph;
  close(): Promise<void>;
}

async function openGraph(path: string, shapes: readonly InputShape[]): Promise<OpenGraph> {
  if (await isOnnx(path)) return importOnnx(path, importShapes(shapes));
  const file = await openModel(path);
  try {
    const graph = buildModelGraph(file, imageShape(file, shapes), ["logits"]);
    return { graph, close: () => file.weights.close() };
  } catch (error) {
    await file.weights.close();
    throw error;
  }
}

/** Throws FormatError. */
export async function readTuning(path: string): Promise<Tuning> {
  return parseTuning(await readText(path), path);
}

function asText(
  { driver, tuning }: { driver: string; tuning: Tuning },
  reports: readonly CandidateReport[],
  output: string,
): string {
  const signatures = [...new Set(reports.map(({ signature }) => signature))];
  const rows = signatures.map((key) => {
    const group = reports.filter(({ signature }) => signature === key);
    const timed = group.filter(({ verdict }) => verdict === "timed");
    const [best, second] = timed.toSorted((a, b) => a.microseconds - b.microseconds);
    const wrong = group
      .filter(({ verdict }) => verdict !== "timed")
      .map(({ candidate, verdict }) => `${candidate} ${verdict}`);
    return [
      group[0]!.node,
      best?.candidate ?? "-",
      best ? best.microseconds.toFixed(1) : "-",
      second ? `${second.candidate} ${(second.microseconds / (best?.microseconds ?? 1)).toFixed(2)}x` : "",
      wrong.join(", "),
    ];
  });
  const columns = [
    { title: "layer" },
    { title: "fastest" },
    { title: "us", align: "right" },
    { title: "next" },
    { title: "not used" },
  ] as const;
  const facts = {
    adapter: driver,
    measured: `${reports.length} kernels of ${signatures.length} shapes`,
    written: output,
  };
  const kept = Object.keys(tuning.entries).length;
  return [formatTable(columns, rows), formatFacts({ ...facts, entries: `${kept}` })].join("\n\n");
}
