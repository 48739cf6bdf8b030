// `atrous parity`: a network against what PyTorch computed, layer by layer.

import { existsSync, readdirSync, statSync } from "node:fs";
import { join, relative } from "node:path";
import type { Command } from "commander";
import { type ParityReport, type ParityRow, runParity, toJUnit, UsageError } from "../index.ts";
import { writeFileAtomic } from "../node.ts";
import { precisionOption } from "./arguments.ts";
import { packagePath } from "./model.ts";
import { requireNewFile } from "./output.ts";
import type { GlobalOptions, Session } from "./session.ts";
import { type Column, formatTable } from "./table.ts";

interface Options extends GlobalOptions {
  readonly precision: "f32" | "f16";
  readonly reference?: string;
  readonly junit?: string;
  readonly json?: string;
}

/** Model and reference files of one comparison. */
interface Pair {
  readonly model: string;
  readonly reference: string;
}

export function addParity(program: Command, session: Session): void {
  program
    .command("parity")
    .description("Compare a network, layer by layer, with what PyTorch computed.")
    .argument("[MODEL]", "weights file (default: the goldens that come with this package)")
    .option(
      "--reference <dir>",
      "folder with reference.safetensors, or that file, as weights/export/goldens.py writes it",
    )
    .addOption(precisionOption())
    .option("--junit <file>", "also write JUnit XML, a test case for each layer")
    .option("--json <file>", "also write JSON; - for standard output, and nothing else there")
    .addHelpText(
      "after",
      `
Relative L2 is |got - expected| / |expected| over a layer; the limit is 1e-5, in
f16 5e-3.
"logits" is the network as users run it, with everything fused; the layers
before it are kept one by one, so that the first that diverges has a name.

Exit codes: 0 all layers agree, 1 one diverges, 2 bad usage or input.

Examples:
  $ atrous parity
  $ atrous parity model.safetensors --reference golden/ --junit parity.xml`,
    )
    .action(async (model: string | undefined, _: unknown, command: Command) => {
      await comparePairs(session, command.optsWithGlobals<Options>(), model);
    });
}

async function comparePairs(session: Session, options: Options, model: string | undefined): Promise<void> {
  const pairs = choosePairs(model, options.reference);
  const read = pairs.flatMap((pair) => [pair.model, pair.reference]);
  for (const file of [options.junit, options.json]) if (file && file !== "-") await requireNewFile(file, read);
  const reports = await session.withGpu(options, async (gpu) => {
    const done: ParityReport[] = [];
    for (const pair of pairs) {
      const report = await runParity(gpu, pair.model, pair.reference, { precision: options.precision });
      done.push(report);
      if (options.json !== "-") session.print(`${formatReport(report)}\n`);
    }
    return done;
  });
  const json = `${JSON.stringify(reports, undefined, 2)}\n`;
  if (options.json === "-") session.streams.stdout.write(json);
  else if (options.json) await writeFileAtomic(options.json, new TextEncoder().encode(json));
  if (options.junit) await writeFileAtomic(options.junit, new TextEncoder().encode(toJUnit(reports)));
  session.exitCode = reports.every((report) => report.passed) ? 0 : 1;
}

function choosePairs(model: string | undefined, reference: string | undefined): Pair[] {
  if (model !== undefined) {
    if (reference === undefined) {
      throw new UsageError(`${model}: what to compare it with is not given, expected --reference DIR`);
    }
    const isFolder = existsSync(reference) && statSync(reference).isDirectory();
    return [{ model, reference: isFolder ? join(reference, "reference.safetensors") : reference }];
  }
  if (reference !== undefined) throw new UsageError("--reference: is given without a MODEL");
  const goldens = packagePath("weights/goldens");
  const names = readdirSync(goldens, { withFileTypes: true }).filter((entry) => entry.isDirectory());
  return names.map(({ name }) => {
    const folder = relative(".", join(goldens, name));
    return { model: join(folder, "model.safetensors"), reference: join(folder, "reference.safetensors") };
  });
}

const columns: readonly Column[] = [
  { title: "layer" },
  { title: "shape" },
  { title: "max abs", align: "right" },
  { title: "rel. L2", align: "right" },
  { title: "worst element" },
  { title: "" },
];

function formatReport(report: ParityReport): string {
  const { differing, unexplained, pixels } = report.classes;
  const classes =
    differing === 0
      ? `class map: all ${pixels} pixels agree`
      : `class map: ${differing} of ${pixels} pixels differ, ${unexplained} of them clear decisions of the reference`;
  const verdict = report.passed
    ? `PASSED: ${report.rows.length - 1} layers and the logits are within ${report.limit}${report.precision === "f16" ? " in f16" : ""}`
    : `FAILED${report.firstDivergence ? `: the first layer that diverges is ${report.firstDivergence}` : ""}`;
  const title = `${report.model} on ${report.adapter}`;
  return [title, formatTable(columns, report.rows.map(formatRow)), classes, verdict].join("\n");
}

function formatRow({ layer, shape, maxAbs, relativeL2, worst, passed }: ParityRow): string[] {
  const at = `[${worst.index.join(",")}] ${worst.got.toPrecision(7)}, not ${worst.expected.toPrecision(7)}`;
  const element = maxAbs === 0 ? "" : at;
  return [layer, shape.join("x"), maxAbs.toExponential(1), relativeL2.toExponential(1), element, passed ? "ok" : "OFF"];
}
