// PyTorch's own operator samples (OpInfo and ModuleInfo) through our operators, against what PyTorch computes. The samples are
// made on the spot by the installed PyTorch; without it the suite says so. All samples are translated; what is out of scope
// stands in a list by operator and reason, with how many are in scope, and any other count fails; all shapes are compared. The
// GPU runs some per operator, drawn with a fixed seed, or all. Gradients run beside them: vector-Jacobian products with drawn
// gradients of the outputs, in scope wherever all operators on the way have a rule:
//
//     ATROUS_OPINFO_ALL=1 npx vitest run test/conformance/opinfo.test.ts
//     ATROUS_OPINFO_OPERATORS="nn.functional.conv2d module.Conv2d" npx vitest run test/conformance/opinfo.test.ts     these alone, all samples
//     UPDATE_CONFORMANCE=1 npx vitest run test/conformance/opinfo.test.ts     writes the lists anew
//
// ATROUS_OPINFO names a folder of samples that is there already.
import { spawnSync } from "node:child_process";
import { readFileSync, writeFileSync } from "node:fs";
import { afterAll, expect, test } from "vitest";
import type { Gpu } from "../../src/gpu/gpu.ts";
import { openTestGpu } from "../support/gpu.ts";
import { createRandom } from "../support/random.ts";
import { scratchFolder } from "../support/scratch.ts";
import { isTensor } from "./opinfo-call.ts";
import { gradientRefusalOf, refusalOf, runSamples } from "./opinfo-run.ts";
import { type RefusedSample, readSamples, type Sample, type SampleFile } from "./opinfo-samples.ts";

/** First the version of PyTorch; then a line for each operator and reason, or "in scope": both, a tab between, and a count. */
const forwardList = "test/conformance/opinfo-scope.txt";
/** The same of the gradients of samples that are in scope. */
const gradientList = "test/conformance/opinfo-gradient-scope.txt";
const isUpdate = process.env.UPDATE_CONFORMANCE === "1";

/** Names of the only operators to look at; empty: all. */
const only = (process.env.ATROUS_OPINFO_OPERATORS ?? "").split(" ").filter((name) => name !== "");
const runsAll = process.env.ATROUS_OPINFO_ALL === "1" || only.length > 0;
/** Samples of each operator that run by default, and as many again of those with NaN or infinity; `.ci/long` runs all. */
const drawn = runsAll ? Number.POSITIVE_INFINITY : 4;
const samplesPerGraph = 32;

const given = process.env.ATROUS_OPINFO;
const modules = "import torch, safetensors, numpy, expecttest";
const python = given === undefined ? spawnSync("python3", ["-c", modules], { encoding: "utf8" }) : undefined;
const isHere = python === undefined || python.status === 0;
if (!isHere) {
  const reason = python.error?.message ?? python.stderr.trim().split("\n").at(-1);
  console.warn(`PyTorch's operator samples did not run: ${modules} failed (${reason})`);
}

let gpu: Gpu | undefined;
afterAll(async () => {
  await gpu?.dispose();
});

test.runIf(isHere)(
  "PyTorch's operator samples and their gradients agree, or are out of scope for the reason in the lists",
  async () => {
    const file = await readSamples(given ?? makeSamples());
    const faults: string[] = [];
    const forward = sortSamples(file.samples, faults, (sample) =>
      "outOfScope" in sample ? sample.outOfScope : refusalOf(file, sample),
    );
    const backward = sortSamples([...forward.inScope.values()].flat(), faults, (sample) =>
      gradientRefusalOf(file, sample),
    );
    const chosen = [...forward.inScope.values()].flatMap((samples) => draw(file, samples));
    const withGradient = new Set([...backward.inScope.values()].flat());
    const failed = new Map<string, number>();
    gpu = await openTestGpu();
    for (let start = 0; start < chosen.length; start += samplesPerGraph) {
      for (const fault of await runSamples(gpu, file, chosen.slice(start, start + samplesPerGraph), withGradient)) {
        faults.push(fault.message);
        failed.set(fault.sample.op, (failed.get(fault.sample.op) ?? 0) + 1);
      }
    }
    report(file, { ...forward, failed });
    reportGradients(backward, chosen.filter((sample) => withGradient.has(sample)).length);
    expect(faults).toEqual([]);
    requireList(forwardList, file, forward);
    requireList(gradientList, file, backward);
  },
  1_200_000,
);

/** Any other count than the list's fails; for another PyTorch it is not compared. */
function requireList(path: string, file: SampleFile, scope: Scope): void {
  const list = [`torch\t${file.torch}`, ...listOf(scope)];
  if (isUpdate && only.length === 0) writeFileSync(path, `${list.join("\n")}\n`);
  const [version, ...lines] = readFileSync(path, "utf8").trimEnd().split("\n");
  const known = lines.filter((line) => only.length === 0 || scope.inScope.has(line.split("\t")[0]!));
  if (version === list[0]) expect(list.slice(1), path).toEqual(known);
  else console.warn(`${path} was not compared: it is of ${version}, this is ${list[0]}`);
}

/** The folder of what PyTorch has written. */
function makeSamples(): string {
  const folder = scratchFolder();
  const script = spawnSync("python3", ["test/conformance/opinfo.py", folder, ...only], { encoding: "utf8" });
  expect(script.status, script.stderr).toBe(0);
  return folder;
}

/** Samples by operator. */
type ByOperator = ReadonlyMap<string, readonly Sample[]>;

/** How many samples there are of each operator and reason. */
type Counts = ReadonlyMap<string, number>;

interface Scope {
  readonly inScope: ByOperator;
  readonly refused: Counts;
}

/** What `reasonOf` throws is a fault. */
function sortSamples<S extends Sample | RefusedSample>(
  samples: readonly S[],
  faults: string[],
  reasonOf: (sample: S) => string | undefined,
): Scope {
  const inScope = new Map<string, Sample[]>();
  const refused = new Map<string, number>();
  for (const sample of samples) {
    const known = inScope.get(sample.op) ?? [];
    inScope.set(sample.op, known);
    try {
      const reason = reasonOf(sample);
      const key = `${sample.op}\t${reason}`;
      if (reason !== undefined) refused.set(key, (refused.get(key) ?? 0) + 1);
      else if (!("outOfScope" in sample)) known.push(sample);
    } catch (error) {
      faults.push(error instanceof Error ? error.message : String(error));
    }
  }
  return { inScope, refused };
}

/** Some of them, in their order. */
function draw(file: SampleFile, samples: readonly Sample[]): readonly Sample[] {
  const random = createRandom(1);
  const order = samples.map((sample) => ({ sample, place: random() })).sort((a, b) => a.place - b.place);
  const shuffled = order.map(({ sample }) => sample);
  const extreme = shuffled.filter((sample) => isExtreme(file, sample));
  const taken = new Set([...shuffled.slice(0, drawn), ...extreme.slice(0, drawn)]);
  return samples.filter((sample) => taken.has(sample));
}

/** Whether NaN or infinity goes in or comes out. */
function isExtreme({ tensors }: SampleFile, { args, outputs }: Sample): boolean {
  const names = [...outputs, ...args.filter(isTensor).map(({ tensor }) => tensor)];
  return names.some((name) => tensors.get(name)!.data.some((value) => !Number.isFinite(value)));
}

function listOf({ inScope, refused }: Scope): string[] {
  const counts = [...refused, ...[...inScope].map(([op, { length }]): [string, number] => [`${op}\tin scope`, length])];
  return counts.map(([key, count]) => `${key}\t${count}`).sort();
}

function report(file: SampleFile, { inScope, refused, failed }: Scope & { readonly failed: Counts }): void {
  const { torch, entries, samples } = file;
  const rows = [...inScope].map(([op, scope]) => {
    const outside = [...refused]
      .filter(([key]) => key.startsWith(`${op}\t`))
      .reduce((sum, [, count]) => sum + count, 0);
    const ran = draw(file, scope).length;
    return { op, passed: ran - (failed.get(op) ?? 0), ran, scope: scope.length, outside };
  });
  const total = (key: "passed" | "ran" | "scope" | "outside") => rows.reduce((sum, row) => sum + row[key], 0);
  const lines = rows.map(
    ({ op, passed, ran, scope, outside }) =>
      `${op}: ${passed} of ${ran} pass; ${scope} in scope, ${outside} out of scope`,
  );
  console.log(
    `${lines.join("\n")}\nPyTorch ${torch}, ${samples.length} samples of ${rows.length} of ` +
      `${entries.op_db + entries.module_db} entries: ${total("passed")} of ${total("ran")} that ran pass; ` +
      `${total("scope")} in scope, ${total("outside")} out of scope`,
  );
}

function reportGradients({ inScope, refused }: Scope, ran: number): void {
  const counts = [...inScope].filter(([, { length }]) => length > 0);
  const scope = counts.reduce((sum, [, { length }]) => sum + length, 0);
  const outside = [...refused.values()].reduce((sum, count) => sum + count, 0);
  console.log(
    `gradients: ${ran} of ${scope} samples of ${counts.length} operators ran; ${outside} have none to compare\n` +
      counts.map(([op, { length }]) => `${op}: ${length}`).join(", "),
  );
}
