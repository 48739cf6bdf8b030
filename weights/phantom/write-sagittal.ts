// The sagittal phantom as files: a volume and its truth, as NIfTI.

import { join } from "node:path";
import { writeNifti } from "../../src/formats/nifti/write.ts";
import { writeFileAtomic } from "../../src/formats/write-file.ts";
import { createLumbarPhantom, type PhantomOptions } from "./phantom.ts";

/** Writes `seed-N.nii.gz` and `seed-N-truth.nii.gz`; says what in one line. */
export async function writeSagittal(seed: number, folder: string, options: PhantomOptions): Promise<string> {
  const { shape, image, labels, affine, contrast } = createLumbarPhantom(seed, options);
  // The image last, so that a reader who sees it finds its truth too.
  for (const [name, data] of [
    [`seed-${seed}-truth.nii.gz`, labels],
    [`seed-${seed}.nii.gz`, image],
  ] as const) {
    await writeFileAtomic(join(folder, name), await writeNifti({ shape, data, like: { affine } }, { gzip: true }));
  }
  return `seed ${seed}: ${shape.join(" x ")}, ${contrast}`;
}
