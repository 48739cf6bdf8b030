// Several samples as the tensors that a training step takes.
import type { Tensor } from "../../tensor.ts";
import type { Draw } from "./augment.ts";
import type { Dataset } from "./dataset.ts";
import { ignoredTarget } from "./targets.ts";

export interface Batch {
  /** f32 [N, C, H, W]: grey values, the same in every channel. */
  readonly images: Tensor;
  /** u32 [N, H, W]: class indices or sets of classes, as the dataset's `targets` says. */
  readonly labels: Tensor;
  /** Of its samples; fewer than N where the batch was filled up. */
  readonly ids: readonly string[];
}

/** Which samples make a batch; plain data, which goes to threads. */
export interface BatchRequest {
  readonly indices: readonly number[];
  /** Rows of the batch; those without a sample are zeros, whose labels count nowhere. */
  readonly rows: number;
  readonly channels: number;
  readonly draw?: Draw | undefined;
}

export async function prepareBatch(dataset: Dataset, request: BatchRequest): Promise<Batch> {
  const { indices, rows, channels, draw } = request;
  const [height, width] = dataset.imageSize;
  const plane = height * width;
  const images = new Float32Array(rows * channels * plane);
  const labels = new Uint32Array(rows * plane).fill(ignoredTarget(dataset.targets), indices.length * plane);
  for (const [row, index] of indices.entries()) {
    const sample = await dataset.sample(index, draw);
    for (let c = 0; c < channels; c++) images.set(sample.image, (row * channels + c) * plane);
    labels.set(sample.labels, row * plane);
  }
  return {
    images: { shape: [rows, channels, height, width], data: images },
    labels: { shape: [rows, height, width], data: labels },
    ids: indices.map((index) => dataset.ids[index]!),
  };
}
