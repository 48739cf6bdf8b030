// A training that never was, as its log and its report would have it.
import { encodePicture } from "../../../src/overlay/index.ts";
import type { TrainRecord } from "../../../src/train/loop/record.ts";
import type { Overlay, Overlays } from "../../../src/train/report/overlay.ts";

export const classNames = [
  "background",
  "dural sac",
  "ligamentum flavum",
  "psoas major",
  "multifidus",
  "erector spinae",
  "lamina",
  "disc",
];

/** Numbers from 0 to 1 that look random and are the same every time. */
function noise(n: number): number {
  const x = Math.sin(12.9898 * n + 4.1) * 43758.5453;
  return x - Math.floor(x);
}

export interface HistoryOptions {
  readonly epochs?: number;
  readonly stepsPerEpoch?: number;
  /** Epoch at whose beginning the training was resumed. */
  readonly resumedAt?: number;
}

/** Losses fall, DSC rises, the last class is not in the data. */
export function buildLog({ epochs = 100, stepsPerEpoch = 60, resumedAt }: HistoryOptions = {}): TrainRecord[] {
  const begin = {
    adapter: "llvmpipe",
    driver: "llvmpipe (LLVM 19.1.7, 256 bits): Mesa 25.0.7",
    adapterKind: "software" as const,
    version: "0.1.0",
    steps: epochs * stepsPerEpoch,
    stepsPerEpoch,
  };
  const records: TrainRecord[] = [{ kind: "start", step: 0, epoch: 0, date: "2026-11-20T20:15:00.000Z", ...begin }];
  let best = 0;
  for (let epoch = 0; epoch < epochs; epoch++) {
    if (epoch === resumedAt)
      records.push({ kind: "resume", step: epoch * stepsPerEpoch, epoch, date: "2026-11-21T07:15:00.000Z", ...begin });
    for (let i = 0; i < stepsPerEpoch; i++) {
      const step = epoch * stepsPerEpoch + i + 1;
      const trend = 0.035 + 1.7 * Math.exp(-step / (12 * stepsPerEpoch)) * (epoch < 0.8 * epochs ? 1 : 0.8);
      records.push({
        kind: "step",
        step,
        epoch,
        loss: trend * (0.75 + 0.5 * noise(step)),
        rate: epoch < 0.8 * epochs ? 1e-3 : 1e-4,
        gradNorm: 2 * trend,
        samplesPerSecond: 9.5 + noise(step + 0.5) - (i === 0 ? 3 : 0),
        waitedMs: 4 * noise(step + 0.3),
      });
    }
    const classes = classNames.map((name, c) => {
      const top = [0.99, 0.93, 0.78, 0.94, 0.89, 0.92, 0.82, 0][c]!;
      const dsc = top * (1 - 0.9 * Math.exp(-(epoch + 1) / (4 + 2 * c))) * (1 - 0.03 * noise(epoch * 8 + c));
      if (c === 7) return { name, dsc: null, iou: null, precision: null, recall: null };
      return { name, dsc, iou: dsc / (2 - dsc), precision: Math.min(1, dsc * 1.02), recall: dsc * 0.98 };
    });
    const mean = classes.slice(1, 7).reduce((sum, { dsc }) => sum + dsc! / 6, 0);
    const isBest = mean > best;
    best = Math.max(best, mean);
    const loss = 0.06 + 1.5 * Math.exp(-epoch / 14) + 0.02 * noise(epoch);
    records.push({ kind: "validation", step: (epoch + 1) * stepsPerEpoch, epoch, loss, mean, classes, best: isBest });
  }
  const place = { step: epochs * stepsPerEpoch, epoch: epochs - 1 };
  return [...records, { kind: "stop", ...place, date: "2026-11-21T19:40:00.000Z", reason: "finished" }];
}

/** Rings of classes, the predicted ones a little beside the labelled ones. */
function buildOverlay(id: string, dsc: number, shift: number): Overlay {
  const [height, width] = [192, 192];
  const grey = new Float32Array(height * width);
  const [classes, truth] = [new Uint8Array(height * width), new Uint8Array(height * width)];
  const classAt = (x: number, y: number) => {
    const ring = Math.floor(Math.hypot(x - 96, (y - 96) * 0.8) / 14);
    return ring <= 6 ? ring : 0;
  };
  for (let i = 0; i < grey.length; i++) {
    const [x, y] = [i % width, Math.floor(i / width)];
    truth[i] = classAt(x, y);
    classes[i] = classAt(x - shift, y + shift / 2);
    grey[i] = Math.sin(x / 9) + Math.cos(y / 13) + noise(i);
  }
  return { id, dsc, png: encodePicture({ height, width, grey, classes, truth }, { black: -2, white: 3 }, 384) };
}

export function buildOverlays(): Overlays {
  const build = (ids: readonly string[], dsc: number, shift: number) =>
    ids.map((id, i) => buildOverlay(`${id}_img.png`, dsc + 0.011 * i, shift - i));
  return {
    worst: build(["VB1/case07_012", "VB1/case07_016", "VB2/volume3_044"], 0.6123, 7),
    best: build(["VB3/subject12_020", "VB3/subject12_024", "VB3/subject31_016"], 0.9321, 2),
  };
}
