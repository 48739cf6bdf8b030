// Writes phantoms as NIfTI. Run it bundled:
//   npx esbuild weights/phantom/generate.ts --bundle --platform=node --format=esm --outfile=dist/phantom.js
//   node dist/phantom.js --seeds 1-40 --output DIR

import { mkdir, rename, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { writeNifti } from "../../src/formats/nifti/write.ts";
import { createLumbarPhantom } from "./phantom.ts";

const { values } = parseArgs({
  options: { seeds: { type: "string" }, output: { type: "string" }, slices: { type: "string" } },
});
const seeds = /^(\d+)(?:-(\d+))?$/.exec(values.seeds ?? "");
const slices = values.slices === undefined ? undefined : Number(values.slices);
if (!seeds || !values.output || (slices !== undefined && !(Number.isInteger(slices) && slices > 0))) {
  console.error("usage: phantom --seeds FIRST[-LAST] --output DIR [--slices N]");
  process.exit(2);
}
await mkdir(values.output, { recursive: true });
for (let seed = Number(seeds[1]); seed <= Number(seeds[2] ?? seeds[1]); seed++) {
  const { shape, image, labels, affine, contrast } = createLumbarPhantom(seed, slices === undefined ? {} : { slices });
  for (const [name, data] of [
    [`seed-${seed}-truth.nii.gz`, labels],
    [`seed-${seed}.nii.gz`, image],
  ] as const) {
    // Written beside and moved, so that a reader never sees half a file; the image last, when its truth is there.
    const path = join(values.output, name);
    await writeFile(`${path}.part`, await writeNifti({ shape, data, like: { affine } }, { gzip: true }));
    await rename(`${path}.part`, path);
  }
  console.error(`seed ${seed}: ${shape.join(" x ")}, ${contrast}`);
}
