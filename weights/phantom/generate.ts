// Writes phantoms, which are synthetic images with their truth.
//   npm run phantom -- --task axial|sagittal --seeds FIRST[-LAST] --output DIR [--slices N] [--size N]

import { existsSync } from "node:fs";
import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { UsageError } from "../../src/errors.ts";
import { type GeneratorArguments, parseArguments, usage } from "./arguments.ts";
import { type AxialSubjectFiles, writeAxial, writeAxialDataset } from "./write-axial.ts";
import { writeSagittal } from "./write-sagittal.ts";

try {
  const given = parseArguments(process.argv.slice(2));
  await (given.task === "axial" ? generateAxial(given) : generateSagittal(given));
} catch (error) {
  if (!(error instanceof UsageError)) throw error;
  console.error(`${error.message}\n${usage}`);
  process.exitCode = 2;
}

async function generateSagittal({ seeds, output, options }: GeneratorArguments): Promise<void> {
  await mkdir(output, { recursive: true });
  for (const seed of seeds) console.error(await writeSagittal(seed, output, options));
}

async function generateAxial({ seeds, output, options }: GeneratorArguments): Promise<void> {
  if (existsSync(join(output, "dataset.json")))
    throw new UsageError(`--output: ${output} holds a data set, expected a folder without dataset.json`);
  await mkdir(output, { recursive: true });
  const subjects: AxialSubjectFiles[] = [];
  for (const seed of seeds) {
    subjects.push(await writeAxial(seed, output, options));
    console.error(`seed ${seed}: ${subjects.at(-1)!.slices.length} slices`);
  }
  await writeAxialDataset(subjects, output, options);
}
