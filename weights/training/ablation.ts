// The paper's two tables on synthetic data: the size-adaptive loss over alpha, and the network without its fusion module.
//   npm run ablation -- --data DIR --output DIR [--seeds 3] [--epochs 16] [--size 96] [--alphas 0,0.1,...] [--adapter NAME]
// DIR of --data holds an axial phantom (npm run phantom -- --task axial --seeds 1-40 --output DIR). Each cell is a training of
// `atrous train` with a folder of its own in --output, so that a run that was stopped goes on where it was.
import { existsSync } from "node:fs";
import { mkdir, readFile, writeFile } from "node:fs/promises";
import { join, resolve } from "node:path";
import { parseArgs } from "node:util";
import { openGpu } from "../../src/node.ts";
import { parseTrainConfig, readLog, type TrainRecord, train, type ValidationRecord } from "../../src/train/index.ts";

const { values: flags } = parseArgs({
  options: {
    data: { type: "string" },
    output: { type: "string" },
    seeds: { type: "string", default: "3" },
    epochs: { type: "string", default: "16" },
    size: { type: "string", default: "96" },
    alphas: { type: "string", default: "0,0.1,0.2,0.5,1,2,3,4" },
    adapter: { type: "string", default: "auto" },
  },
});
if (!flags.data || !flags.output) throw new Error("ablation: expected --data DIR --output DIR");
const [data, output] = [resolve(flags.data), resolve(flags.output)];

interface Cell {
  readonly name: string;
  readonly alpha: number;
  readonly msff: boolean;
}

const alphas = flags.alphas.split(",").map(Number);
const cells: readonly Cell[] = [
  ...alphas.map((alpha) => ({ name: `alpha ${alpha}`, alpha, msff: true })),
  { name: "alpha 1, without MSFF", alpha: 1, msff: false },
];

/** The paper's recipe at a size that finishes: its rates are for 100 epochs of SGD, Adam needs fewer. */
function configOf({ alpha, msff }: Cell, seed: number): object {
  const size = Number(flags.size);
  return {
    network: { name: "msff-resnet18", classes: 8, width: 0.125, inChannels: 1, msff, pools: [2, 3] },
    data: {
      sources: [
        {
          folder: data,
          images: "*_img.png",
          labels: "*_lab.png",
          subject: "^(\\d+)_\\d+_img",
          classes: Object.fromEntries(Array.from({ length: 8 }, (_, label) => [label, label])),
        },
      ],
      split: { file: join(data, "split.json") },
      size: [size, size],
      fit: "stretch",
    },
    losses: [{ kind: "size-adaptive", alpha }],
    optimizer: { kind: "adam", rate: 0.003 },
    schedule: { kind: "step" },
    epochs: Number(flags.epochs),
    validation: { every: Number(flags.epochs) },
    seed,
  };
}

type ClassScores = ValidationRecord["classes"][number];

/** Of each structure, without the background, after the last epoch. */
async function scoresOf(cell: Cell, seed: number): Promise<readonly ClassScores[]> {
  const name = `${cell.name.replaceAll(/[ ,]+/g, "-")}-seed-${seed}`;
  const config = parseTrainConfig({ ...configOf(cell, seed), output: name }, `${name}.json`);
  const log = join(output, name, "log.jsonl");
  const isDone = (record: TrainRecord) => record.kind === "stop" && record.reason === "finished";
  const known = existsSync(log) ? await readLog(log) : [];
  if (!known.some(isDone)) {
    const gpu = await openGpu({ adapter: flags.adapter });
    try {
      await train(gpu, config, { base: output, resume: known.length > 0 });
    } finally {
      await gpu.dispose();
    }
  }
  const last = (await readLog(log)).findLast((record) => record.kind === "validation");
  if (last?.kind !== "validation") throw new Error(`${log}: has no validation`);
  return last.classes.slice(1);
}

/** A class that is never predicted and never labelled counts nowhere; one that is never found counts as 0. */
function meanOver(values: readonly (number | null)[]): number {
  const known = values.filter((value) => value !== null);
  return known.reduce((sum, value) => sum + value, 0) / known.length;
}

function meanDice(classes: readonly ClassScores[]): number {
  return meanOver(classes.map(({ dsc }) => dsc));
}

/** A class that is never predicted has no precision. */
function leastOf(classes: readonly ClassScores[], score: "precision" | "recall"): number {
  return Math.min(...classes.flatMap((scores) => scores[score] ?? []));
}

function spread(values: readonly number[]): number {
  const mean = meanOver(values);
  return Math.sqrt(values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / Math.max(1, values.length - 1));
}

await mkdir(output, { recursive: true });
const rows: string[] = [];
for (const cell of cells) {
  const runs: (readonly ClassScores[])[] = [];
  for (let seed = 1; seed <= Number(flags.seeds); seed++) {
    runs.push(await scoresOf(cell, seed));
    console.error(`${cell.name}, seed ${seed}: mean DSC ${meanDice(runs.at(-1)!).toFixed(4)}`);
  }
  const means = runs.map(meanDice);
  const seeds = means.map((mean) => mean.toFixed(4)).join(", ");
  const least = (["precision", "recall"] as const).map((score) => leastOf(runs.flat(), score).toFixed(2));
  const classes = runs[0]!.map((_, c) => meanDice(runs.map((run) => run[c]!)).toFixed(3));
  const columns = [cell.name, meanOver(means).toFixed(4), spread(means).toFixed(4), seeds, ...least, ...classes];
  rows.push(`| ${columns.join(" | ")} |`);
  await writeFile(join(output, "table.md"), `${await heading()}${rows.join("\n")}\n`);
}

async function heading(): Promise<string> {
  const { classes } = JSON.parse(await readFile(join(data, "dataset.json"), "utf8")) as { classes: readonly string[] };
  const names = Object.values(classes).slice(1);
  const columns = ["mean DSC", "deviation", "seeds", "least precision", "least recall", ...names];
  return `| | ${columns.join(" | ")} |\n|---|${columns.map(() => "---|").join("")}\n`;
}
