// `atrous parity`: a network against what PyTorch or ONNX Runtime computed, layer by layer.

import { existsSync, readdirSync, statSync } from "node:fs";
import { join, relative } from "node:path";
import type { Command } from "commander";
import {
  labelOf,
  type ParityOptions,
  type ParityReport,
  type ParityRow,
  type ReferenceEngine,
  runParity,
  toJUnit,
  UsageError,
} from "../index.ts";
import { onnxRuntime, printableLines, writeFileAtomic } from "../node.ts";
import {
  type InputShape,
  keepFullOption,
  parseInputShapes,
  precisionOption,
  type StorageOptions,
  storage,
} from "./arguments.ts";
import { modelHelp, packagePath } from "./model.ts";
import { importShapes, readInputs } from "./onnx.ts";
import { requireDistinct, requireNewFile } from "./output.ts";
import type { GlobalOptions, Session } from "./session.ts";
import { type Column, formatTable } from "./table.ts";

interface Options extends GlobalOptions, StorageOptions {
  readonly reference?: string;
  readonly shape?: readonly InputShape[];
  readonly input?: string;
  readonly junit?: string;
  readonly json?: string;
}

/** Model and reference files of one comparison. */
interface Pair {
  readonly model: string;
  readonly reference: string | ReferenceEngine;
}

export function addParity(program: Command, session: Session): void {
  program
    .command("parity")
    .description("Compare a network, layer by layer, with what PyTorch or ONNX Runtime computes.")
    .argument("[MODEL]", `${modelHelp} (default: the goldens of atrous's repository)`)
    .option(
      "--reference <dir>",
      "folder with reference.safetensors, or that file, as weights/export/goldens.py writes it; onnxruntime for ONNX",
    )
    .option("--shape <[input=]sizes>", "shape of an ONNX model's inputs", parseInputShapes)
    .option("--input <file>", "safetensors file with each input of an ONNX model by its name (default: random)")
    .addOption(precisionOption())
    .addOption(keepFullOption())
    .option("--junit <file>", "also write JUnit XML, a test case for each layer and gradient")
    .option("--json <file>", "also write JSON; - for standard output, and nothing else there")
    .addHelpText(
      "after",
      `
Relative L2 is |got - expected| / |expected| over a layer; the limit is 1e-5, in
f16 5e-3.
"logits", or each output, is the network as users run it, with everything fused;
the layers before it are kept one by one, so that the first that diverges has a
name. Where the reference has gradients, those of every input and parameter
follow as grad:NAME, in the order of the backward pass; their limit is 1e-4;
they are compared in f32 alone.

A layer over the limit is run once more, alone, on the reference's values:
"explained" is what it makes of the errors of its inputs, "added" its own error.
It passes where "added" is within the limit, its inputs passed, and its error
grew no more than it makes any error grow; so does a sigmoid far from 0.

--reference onnxruntime runs an ONNX model in the package onnxruntime-node, on
the CPU, and compares every value of the file that exists here; the same random
inputs in [-1, 1) each time, unless --input names some. A file that holds f16 is
computed in f16 there, and has the limit of f16.

Exit codes: 0 all layers agree, 1 one diverges, 2 bad usage or input.

Examples:
  $ atrous parity
  $ atrous parity model.safetensors --reference golden/ --junit parity.xml
  $ atrous parity model.onnx --reference onnxruntime --shape 1,3,256,256`,
    )
    .action(async (model: string | undefined, _: unknown, command: Command) => {
      await comparePairs(session, command.optsWithGlobals<Options>(), model);
    });
}

async function comparePairs(session: Session, options: Options, model: string | undefined): Promise<void> {
  const isEngine = model !== undefined && options.reference === "onnxruntime";
  const pairs: Pair[] = isEngine ? [{ model, reference: await onnxRuntime() }] : choosePairs(model, options.reference);
  const read = pairs.flatMap((pair) => [pair.model, pair.reference]).filter((part) => typeof part === "string");
  for (const file of [options.junit, options.json]) {
    if (file && file !== "-") await requireNewFile(file, [...read, ...(options.input ? [options.input] : [])]);
  }
  await requireDistinct([options.junit, options.json === "-" ? undefined : options.json]);
  const given = await readGiven(options, isEngine);
  const reports = await session.withGpu(options, async (gpu) => {
    const done: ParityReport[] = [];
    for (const pair of pairs) {
      const report = await runParity(gpu, pair.model, pair.reference, { ...storage(options), ...given });
      done.push(report);
      if (options.json !== "-") session.print(`${formatReport(report)}\n`);
    }
    return done;
  });
  const json = `${JSON.stringify(reports, undefined, 2)}\n`;
  if (options.json === "-") session.streams.stdout.write(printableLines(json));
  else if (options.json) await writeFileAtomic(options.json, new TextEncoder().encode(json));
  if (options.junit) await writeFileAtomic(options.junit, new TextEncoder().encode(toJUnit(reports)));
  session.exitCode = reports.every((report) => report.passed) ? 0 : 1;
}

/** Shapes and inputs of an ONNX model. */
async function readGiven({ shape, input }: Options, isEngine: boolean): Promise<ParityOptions> {
  if (!isEngine) {
    if (!shape && !input) return {};
    throw new UsageError(`${shape ? "--shape" : "--input"}: is for --reference onnxruntime; a file states its own`);
  }
  if (input === undefined) return importShapes(shape ?? []);
  if (shape) throw new UsageError("--shape: the tensors of --input have shapes, expected one of the two options");
  const { inputs, importing } = await readInputs(input);
  return { inputs, ...importing };
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
  if (!existsSync(goldens)) {
    throw new UsageError("the goldens are in atrous's repository alone, expected MODEL and --reference DIR");
  }
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
  { title: "explained", align: "right" },
  { title: "added", align: "right" },
  { title: "not finite", align: "right" },
  { title: "worst element" },
  { title: "" },
];

function formatReport(report: ParityReport): string {
  const isUsed = [true, true, true, true, ...splitColumns(report), true, true];
  const half = report.precision === "f16" ? " in f16" : "";
  const outputs = report.classes ? "the logits" : "the outputs";
  const [gradient] = report.rows.slice(report.rows.length - report.gradients);
  const gradients = gradient ? `, ${report.gradients} gradients within ${formatError(gradient.limit)}` : "";
  const verdict = report.passed
    ? `PASSED: ${report.layers} layers and ${outputs} are within ${formatError(report.limit)}${gradients}${half}`
    : `FAILED${formatDivergence(report)}`;
  const title = `${report.model} on ${report.adapter}, against ${report.reference}`;
  const notes = [
    title,
    formatTable(
      columns.filter((_, i) => isUsed[i]),
      report.rows.map((row) => formatRow(row).filter((_, i) => isUsed[i])),
    ),
    ...formatClasses(report),
  ];
  if (report.firstNonFinite !== undefined) {
    notes.push(
      `not finite: the first layer with NaN or infinities that the reference does not have is ${report.firstNonFinite}`,
    );
  }
  if (report.skipped > 0) {
    notes.push(
      `skipped: ${report.skipped} values of the file that are none here (constants, shapes, parts of one operator)`,
    );
  }
  return [...notes, verdict].join("\n");
}

/** Whether the columns "explained", "added" and "not finite" have something to tell. */
function splitColumns({ rows, firstNonFinite }: ParityReport): boolean[] {
  const isSplit = rows.some(({ explained }) => explained !== undefined);
  return [isSplit, isSplit, firstNonFinite !== undefined];
}

/** Whether a layer breaks what was good before it, or is the last step of an error that grew. */
function formatDivergence({ rows, layers, gradients }: ParityReport): string {
  const first = rows.findIndex(({ passed }) => !passed);
  const off = rows[first];
  if (!off) return "";
  const backward = rows.length - gradients;
  const isGradient = first >= backward;
  const before = rows.slice(isGradient ? backward : 0, first).toSorted((a, b) => b.relativeL2 - a.relativeL2)[0];
  const count = (part: readonly ParityRow[]) => `${part.filter(({ passed }) => !passed).length} of ${part.length}`;
  return [
    `: the first ${isGradient ? "gradient" : "layer"} that diverges is ${labelOf(off)}`,
    `  its relative L2 is ${formatError(off.relativeL2)}, the limit ${formatError(off.limit)}` +
      (before ? `; the largest before it is ${formatError(before.relativeL2)}, ${labelOf(before)}` : ""),
    `  off are ${count(rows.slice(0, layers))} layers, ${count(rows.slice(layers, backward))} outputs` +
      (gradients > 0 ? `, ${count(rows.slice(backward))} gradients` : ""),
  ].join("\n");
}

function formatError(relativeL2: number): string {
  return relativeL2 === 0 ? "0" : relativeL2.toExponential(1).replace(".0e", "e");
}

function formatClasses({ classes }: ParityReport): string[] {
  if (!classes) return [];
  const { differing, unexplained, pixels } = classes;
  if (differing === 0) return [`class map: all ${pixels} pixels agree`];
  return [
    `class map: ${differing} of ${pixels} pixels differ, ${unexplained} of them clear decisions of the reference`,
  ];
}

function formatRow(row: ParityRow): string[] {
  const { shape, maxAbs, relativeL2, worst, passed } = row;
  // Neighbours in f32 differ in the ninth digit at the latest.
  const digits = worst.got.toPrecision(7) === worst.expected.toPrecision(7) ? 9 : 7;
  const at = `[${worst.index.join(",")}] ${worst.got.toPrecision(digits)}, not ${worst.expected.toPrecision(digits)}`;
  const element = maxAbs === 0 ? "" : at;
  const split = [row.explained, row.added].map((part) => (part === undefined ? "" : formatError(part)));
  const lost = row.nonFinite === 0 ? "" : `${row.nonFinite}`;
  const errors = [formatError(maxAbs), formatError(relativeL2), ...split, lost];
  return [labelOf(row), shape.join("x"), ...errors, element, passed ? "ok" : "OFF"];
}
