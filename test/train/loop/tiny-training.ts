// A training that takes seconds: bright discs on noise, 32x32, and a sixteenth of the network's width.
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { writeLabelPng, writePng } from "../../../src/formats/png/index.ts";
import { parseTrainConfig, type TrainConfig, type TrainConfigInput } from "../../../src/train/config/config.ts";
import { createRandom } from "../../support/random.ts";
import { scratchFolder } from "../../support/scratch.ts";

const size = 32;
export const stepsPerEpoch = 3;
export const epochs = 10;

/** Everything of it in a folder that goes with the test file. */
export class TinyTraining {
  readonly folder = scratchFolder();

  constructor() {
    mkdirSync(join(this.folder, "data"));
    for (let subject = 0; subject < 8; subject++) for (const slice of [0, 1]) this.#pair(subject, slice);
  }

  #pair(subject: number, slice: number): void {
    const random = createRandom(10 * subject + slice);
    const [x, y, radius] = [10 + 12 * random(), 10 + 12 * random(), 5 + 4 * random()];
    const labels = Uint8Array.from({ length: size * size }, (_, p) =>
      Math.hypot((p % size) - x, Math.floor(p / size) - y) < radius ? 1 : 0,
    );
    const data = labels.map((label) => 60 * label + 150 * random());
    const name = join(this.folder, "data", `s${subject}_${slice}`);
    writeFileSync(`${name}_img.png`, writePng({ width: size, height: size, channels: 1, data }));
    writeFileSync(`${name}_lab.png`, writeLabelPng({ width: size, height: size, data: labels }));
  }

  /** Twelve images to train on, in batches of four; four to validate on. */
  config(given: Partial<TrainConfigInput> = {}): TrainConfigInput {
    return {
      network: { name: "msff-resnet18", classes: 2, width: 1 / 16, msff: false },
      data: {
        sources: [
          {
            folder: "../data",
            images: "*_img.png",
            labels: "*_lab.png",
            subject: "^(.*)_\\d_img",
            classes: { "0": 0, "1": 1 },
          },
        ],
        split: { validation: ["s6", "s7"] },
        size: [size, size],
      },
      losses: [{ kind: "cross-entropy" }],
      optimizer: { kind: "adam", rate: 0.01 },
      epochs,
      validation: { every: 5 },
      seed: 3,
      workers: 0,
      output: "run",
      ...given,
    };
  }

  /** A new folder with the configuration, which a training's paths are relative to. */
  base(given: Partial<TrainConfigInput> = {}): { base: string; path: string; config: TrainConfig } {
    const base = scratchFolder(this.folder);
    const path = join(base, "config.json");
    const json = this.config(given);
    writeFileSync(path, JSON.stringify(json));
    return { base, path, config: parseTrainConfig(json, path) };
  }
}

/** All tensors of a safetensors file: their names, and their bytes. What else it tells is left out. */
export function tensorsOf(path: string): { names: string[]; bytes: Buffer } {
  const file = readFileSync(path);
  const end = 8 + Number(file.readBigUInt64LE(0));
  const header = JSON.parse(file.subarray(8, end).toString());
  return { names: Object.keys(header).filter((name) => name !== "__metadata__"), bytes: file.subarray(end) };
}
