// The axial phantom as files: for each slice a grey PNG and its labels; beside them what they are, in JSON and in words.

import { join } from "node:path";
import { writeLabelPng, writePng } from "../../src/formats/png/index.ts";
import { writeFileAtomic } from "../../src/formats/write-file.ts";
import { type AxialOptions, createAxialPhantom } from "./axial.ts";
import { AXIAL_CLASSES, type Level } from "./axial-labels.ts";
import { drawOverview } from "./axial-overview.ts";
import { FIELD_MM, SLICE_MM } from "./axial-render.ts";

/** In dataset.json: one seed's slices, from the head down. */
export interface AxialSubjectFiles {
  readonly name: string;
  readonly seed: number;
  readonly slices: readonly {
    readonly image: string;
    readonly labels: string;
    readonly level: Level;
    readonly belowMm: number;
  }[];
}

/** Writes `SUBJECT_SLICE_img.png` and `SUBJECT_SLICE_lab.png` of a seed: 007_00 is the highest slice of seed 7. */
export async function writeAxial(seed: number, folder: string, options: AxialOptions): Promise<AxialSubjectFiles> {
  const phantom = createAxialPhantom(seed, options);
  const [width, height] = [phantom.size, phantom.size];
  const name = String(seed).padStart(3, "0");
  const slices = phantom.slices.map(({ level, belowMm }, n) => {
    const stem = `${name}_${String(n).padStart(2, "0")}`;
    return { image: `${stem}_img.png`, labels: `${stem}_lab.png`, level, belowMm: Math.round(belowMm * 100) / 100 };
  });
  // Images after labels, so that a reader who sees one finds its labels too.
  for (const [n, { image, labels }] of slices.entries()) {
    const slice = phantom.slices[n]!;
    await writeFileAtomic(join(folder, labels), writeLabelPng({ width, height, data: slice.labels }));
    await writeFileAtomic(join(folder, image), writePng({ width, height, channels: 1, data: slice.image }));
  }
  return { name, seed, slices };
}

/** Writes split.json, README.txt, a picture of the first subject and, last, dataset.json: then all is there. */
export async function writeAxialDataset(
  subjects: readonly AxialSubjectFiles[],
  folder: string,
  options: AxialOptions,
): Promise<void> {
  const { size = 256 } = options;
  const spacingMm = FIELD_MM / size;
  // Every fifth subject, whole, as the slices of one are alike; the paper keeps back 144 of its 747 slices.
  const names = (isKept: boolean) => subjects.filter(({ seed }) => (seed % 5 === 0) === isKept).map(({ name }) => name);
  const split = { train: names(false), val: names(true) };
  const dataset = {
    synthetic: true,
    description:
      "Synthetic axial T2-like slices of the lumbar spine, drawn by weights/phantom of atrous. No person was scanned.",
    classes: AXIAL_CLASSES,
    size,
    spacingMm,
    sliceThicknessMm: SLICE_MM,
    subjects,
  };
  const first = subjects[0];
  if (first) await writeFileAtomic(join(folder, "overview.png"), drawOverview(createAxialPhantom(first.seed, options)));
  await writeText(join(folder, "README.txt"), describe(size, spacingMm));
  await writeText(join(folder, "split.json"), `${JSON.stringify(split, null, 1)}\n`);
  await writeText(join(folder, "dataset.json"), `${JSON.stringify(dataset, null, 1)}\n`);
}

function describe(size: number, spacingMm: number): string {
  return `SYNTHETIC images: no person was scanned. They imitate axial T2 MRI slices through the discs L3/4, L4/5 and L5/S1.

SUBJECT_SLICE_img.png   8-bit grey, ${size} x ${size} pixels of ${spacingMm.toFixed(3)} mm; front at the top, the patient's left at the right
SUBJECT_SLICE_lab.png   the truth, 8-bit: ${AXIAL_CLASSES.map((name, label) => `${label} ${name}`).join(", ")}
overview.png            a slice of each disc of the first subject, below it with the truth in colour
split.json              subjects to train on and to validate with
dataset.json            classes, and for each slice its disc and its place in it

SUBJECT is the seed. Slices of one subject are alike: split by subject, never by slice.
Good for trying out training and for tests. A network that does well here has shown nothing about images of people.
Made by the phantom generator of atrous (weights/phantom); the same seeds give the same files.
`;
}

function writeText(path: string, text: string): Promise<void> {
  return writeFileAtomic(path, new TextEncoder().encode(text));
}
