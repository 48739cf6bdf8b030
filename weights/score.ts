// DSC of the vertebral bodies per validation set, computed by the engine: the twin of weights/export/evaluate.py.
//   npm run score -- --weights F --data DIR [--adapter NAME] [--json F] [--against F]
// `--against` takes what evaluate.py printed with --json, and fails where a set's DSC differs in the fourth decimal.
import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { createSegmenter, readLabelPng, readPng, type Segmenter } from "../src/index.ts";
import { openGpu } from "../src/node.ts";

const sets = ["VB1", "VB2", "VB3"];

interface Counts {
  readonly set: string;
  readonly volume: string;
  readonly image: string;
  readonly predicted: number;
  readonly truth: number;
  readonly intersection: number;
}

interface SetScore {
  /** Pixels of all slices of the set together. */
  readonly pooled: number;
  /** Mean over the set's volumes of each volume's own DSC. */
  readonly perVolume: number;
  readonly volumes: number;
  readonly slices: number;
}

const { values: flags } = parseArgs({
  options: {
    weights: { type: "string" },
    data: { type: "string" },
    adapter: { type: "string", default: "auto" },
    json: { type: "string" },
    against: { type: "string" },
  },
});
if (!flags.weights || !flags.data)
  throw new Error("score: expected --weights FILE --data DIR (which holds lumbar-mri/)");
await main(flags.weights, join(flags.data, "lumbar-mri"));

async function main(weights: string, root: string): Promise<void> {
  const gpu = await openGpu({ adapter: flags.adapter });
  const split = JSON.parse(readFileSync(join(root, "split.json"), "utf8")) as { val: string[] };
  const counts: Counts[] = [];
  for (const volume of split.val.filter((name) => sets.includes(name.split("/")[0]!))) {
    counts.push(...(await scoreVolume(volume)));
    process.stderr.write(`\r${counts.length} slices`);
  }
  process.stderr.write("\n");
  await gpu.dispose();

  const result = { ...scorePerSet(counts), ...scorePerSet(counts.map((row) => ({ ...row, set: "all" }))) };
  console.log(`${weights} on ${gpu.adapter.driver}`);
  console.log(`${"set".padEnd(8)} volumes slices  pooled   perVolume`);
  for (const [name, { pooled, perVolume, volumes, slices }] of Object.entries(result)) {
    const cells = [
      String(volumes).padStart(7),
      String(slices).padStart(6),
      ` ${pooled.toFixed(5)}`,
      ` ${perVolume.toFixed(5)}`,
    ];
    console.log(`${name.padEnd(8)} ${cells.join(" ")}`);
  }
  if (flags.json) writeFileSync(flags.json, `${JSON.stringify({ weights, sets: result, images: counts }, null, 1)}\n`);
  if (flags.against) compare(result, counts, flags.against);

  /** All slices of a volume have one size, so one compiled graph serves them. */
  async function scoreVolume(volume: string): Promise<Counts[]> {
    const [set, number] = volume.split("/") as [string, string];
    const names = readdirSync(join(root, set)).filter(
      (name) => name.startsWith(`${number}_`) && name.endsWith("_img.png"),
    );
    const images = names.sort().map((name) => readPng(readFileSync(join(root, set, name)), name));
    let segmenter: Segmenter | undefined;
    const maps: Uint8Array[] = [];
    for (const { width, height, data } of images) {
      if (segmenter?.size.width !== width || segmenter.size.height !== height) {
        await segmenter?.dispose();
        segmenter = await createSegmenter(gpu, weights, { width, height, spacingMm: [1, 1], batch: 1 });
      }
      maps.push(...(await segmenter.segment([data])));
    }
    await segmenter?.dispose();
    return names.map((name, i) => {
      const label = name.replace("_img", "_lab");
      const truth = readLabelPng(readFileSync(join(root, set, label)), label).data;
      return { set, volume, image: `${set}/${name.replace("_img.png", "")}`, ...count(maps[i]!, truth) };
    });
  }
}

function count(map: Uint8Array, truth: Uint8Array): { predicted: number; truth: number; intersection: number } {
  const counts = { predicted: 0, truth: 0, intersection: 0 };
  map.forEach((value, i) => {
    const [isPredicted, isTrue] = [value === 1, truth[i]! > 0];
    if (isPredicted) counts.predicted++;
    if (isTrue) counts.truth++;
    if (isPredicted && isTrue) counts.intersection++;
  });
  return counts;
}

/** 2 |A and B| / (|A| + |B|); 1 where neither side has a pixel. */
function dice(rows: readonly Counts[]): number {
  const total = rows.reduce((sum, row) => sum + row.predicted + row.truth, 0);
  return total === 0 ? 1 : (2 * rows.reduce((sum, row) => sum + row.intersection, 0)) / total;
}

function scorePerSet(counts: readonly Counts[]): Record<string, SetScore> {
  const names = [...new Set(counts.map((row) => row.set))];
  return Object.fromEntries(
    names.map((name) => {
      const rows = counts.filter((row) => row.set === name);
      const volumes = [...new Set(rows.map((row) => row.volume))].map((volume) =>
        rows.filter((row) => row.volume === volume),
      );
      const perVolume = volumes.reduce((sum, volume) => sum + dice(volume), 0) / volumes.length;
      return [name, { pooled: dice(rows), perVolume, volumes: volumes.length, slices: rows.length }];
    }),
  );
}

function compare(ours: Record<string, SetScore>, counts: readonly Counts[], file: string): void {
  const theirs = JSON.parse(readFileSync(file, "utf8")) as { sets: Record<string, SetScore>; images: Counts[] };
  const others = new Map(theirs.images.map((row) => [row.image, row]));
  const fields = ["predicted", "truth", "intersection"] as const;
  const differing = counts.filter((row) => fields.some((field) => others.get(row.image)?.[field] !== row[field]));
  console.log(`\nagainst ${file}: ${differing.length} of ${counts.length} slices have other counts`);
  for (const [name, { pooled, perVolume }] of Object.entries(ours)) {
    const other = theirs.sets[name];
    const isEqual =
      other?.pooled.toFixed(4) === pooled.toFixed(4) && other?.perVolume.toFixed(4) === perVolume.toFixed(4);
    console.log(
      `${name.padEnd(8)} ${pooled.toFixed(4)} ${other?.pooled.toFixed(4)}  ${isEqual ? "equal" : "DIFFERENT"}`,
    );
    if (!isEqual) process.exitCode = 1;
  }
}
