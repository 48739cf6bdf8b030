// Small data on disk for tests: PNG pairs and NIfTI volumes in a folder of the test file's own.
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { writeNifti } from "../../../src/formats/nifti/index.ts";
import { writeLabelPng, writePng } from "../../../src/formats/png/index.ts";
import type { DataOptions } from "../../../src/train/data/options.ts";
import { createRandom } from "../../support/random.ts";
import { scratchFolder } from "../../support/scratch.ts";

export class DataFolder {
  readonly path = scratchFolder();

  write(name: string, content: string | Uint8Array): string {
    const path = join(this.path, name);
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, content);
    return path;
  }

  read(name: string): Uint8Array {
    return readFileSync(join(this.path, name));
  }

  /** `NAME_img.png` and `NAME_lab.png`: noise, and labels 0 and 1 of which the first pixel can be told. */
  pair(name: string, [height, width]: readonly [number, number] = [24, 20], labels?: Uint8Array): void {
    const random = createRandom([...name].reduce((sum, letter) => sum * 31 + letter.charCodeAt(0), 1));
    const data = Uint8Array.from({ length: height * width }, () => random() * 256);
    this.write(`${name}_img.png`, writePng({ width, height, channels: 1, data }));
    const own = labels ?? data.map((value) => (value > 127 ? 1 : 0));
    this.write(`${name}_lab.png`, writeLabelPng({ width, height, data: own }));
  }

  /** `NAME.nii.gz` and `NAME-labels.nii.gz`; axis i points right, j anterior, k superior. */
  async volume(name: string, shape: readonly [number, number, number], change: VolumeChange = {}): Promise<void> {
    const random = createRandom(shape[0] + name.length);
    const data = Float32Array.from({ length: shape[0] * shape[1] * shape[2] }, () => Math.floor(random() * 1000));
    change.image?.(data);
    const labels = Uint16Array.from(data, (value) => (value > 700 ? 1 : 0));
    change.labels?.(labels);
    const like = { affine: change.affine ?? spaced(1) };
    this.write(`${name}.nii.gz`, await writeNifti({ shape, data, like }, { gzip: true }));
    const labelLike = { affine: change.labelAffine ?? like.affine };
    const labelShape = change.labelShape ?? shape;
    const count = labelShape[0] * labelShape[1] * labelShape[2];
    const file = await writeNifti(
      { shape: labelShape, data: labels.subarray(0, count), like: labelLike },
      { gzip: true },
    );
    this.write(`${name}-labels.nii.gz`, file);
  }
}

export interface VolumeChange {
  readonly image?: (data: Float32Array) => void;
  readonly labels?: (data: Uint16Array) => void;
  readonly affine?: readonly (readonly number[])[];
  readonly labelAffine?: readonly (readonly number[])[];
  readonly labelShape?: readonly [number, number, number];
}

/** An affine of voxels of one size, axes to the right, anterior and superior. */
export function spaced(mm: number, offset = 0): number[][] {
  return [
    [mm, 0, 0, offset],
    [0, mm, 0, 0],
    [0, 0, mm, 0],
    [0, 0, 0, 1],
  ];
}

type Source = DataOptions["sources"][number];

export const pngSource: Source = {
  images: "**/*_img.png",
  labels: "**/*_lab.png",
  subject: "^(.*)_\\d+_img",
  classes: { "0": 0, "1": 1 },
};

export const niftiSource: Source = {
  images: "*.nii.gz",
  labels: "*-labels.nii.gz",
  subject: "^([^.]*)",
  classes: { "0": 0, "1": 1 },
};
