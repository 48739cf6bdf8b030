// Puts the slices of each volume together as they are segmented, and measures the volume when its last one has come.
import { type MaskMetrics, masksOf, meanOverForeground } from "../../segment/mask-metrics.ts";
import { addCounts, measureClass } from "../../segment/metrics.ts";
import { type MaskStack, measureStack, measureThirds } from "../../segment/stack-metrics.ts";
import { type MeasureOptions, noSurfaceMetrics } from "../../segment/surface-metrics.ts";
import type { Dataset, Stack } from "../data/dataset.ts";
import type { Sample } from "../data/prepare.ts";
import type { ImageResult, VolumeResult } from "./results.ts";

interface Slice {
  readonly map: Uint8Array;
  readonly labels: Uint8Array | Uint32Array;
  readonly sliceMm: number | undefined;
  readonly result: ImageResult;
}

/**
 * Holds the slices of volumes that are not whole yet: 2 bytes for each pixel, 5 where labels are sets of classes. A volume that is
 * measured takes 2 bytes more for each, beside what `findSurfaces` takes.
 */
export class VolumeCollector {
  readonly #dataset: Dataset;
  readonly #options: MeasureOptions;
  /** Of the samples that lie in one. */
  readonly #stacks = new Map<number, Stack>();
  readonly #slices = new Map<number, Slice>();

  constructor(dataset: Dataset, options: MeasureOptions) {
    this.#dataset = dataset;
    this.#options = options;
    for (const stack of dataset.stacks ?? []) for (const index of stack.samples) this.#stacks.set(index, stack);
  }

  /** Takes a slice. Returns the volume that it completes. */
  add({ labels, sliceMm }: Sample, map: ArrayLike<number>, result: ImageResult): VolumeResult | undefined {
    const stack = this.#stacks.get(result.index);
    if (!stack) return undefined;
    const stored = this.#dataset.targets === "index" ? Uint8Array.from(labels) : labels;
    this.#slices.set(result.index, { map: Uint8Array.from(map), labels: stored, sliceMm, result });
    if (!stack.samples.every((index) => this.#slices.has(index))) return undefined;
    const slices = stack.samples.map((index) => this.#slices.get(index)!);
    for (const index of stack.samples) this.#slices.delete(index);
    return this.#measure(stack, slices);
  }

  #measure({ id, subject, positions }: Stack, slices: readonly Slice[]): VolumeResult {
    const spacingMm = spacingOf(slices, positions);
    const counts = addCounts(slices.map(({ result }) => result.counts));
    const classes = counts.map((pooled, label) => {
      // The background is no structure.
      if (label === 0) return { ...measureClass(pooled, this.#options), ...noSurfaceMetrics, thirds: [] };
      const stack = this.#stackOf(slices, label, spacingMm);
      const whole: MaskMetrics = measureStack(stack, this.#options);
      return { ...whole, thirds: measureThirds(stack, this.#options) };
    });
    return { id, subject, slices: slices.length, spacingMm, counts, classes, mean: meanOverForeground(classes) };
  }

  #stackOf(slices: readonly Slice[], label: number, spacing: VolumeResult["spacingMm"]): MaskStack {
    const { imageSize, targets } = this.#dataset;
    const plane = imageSize[0] * imageSize[1];
    const [predicted, truth] = [new Uint8Array(slices.length * plane), new Uint8Array(slices.length * plane)];
    slices.forEach(({ map, labels }, n) => {
      const pair = masksOf(map, labels, { label, targets });
      predicted.set(pair.predicted, n * plane);
      truth.set(pair.truth, n * plane);
    });
    const counts = slices.map(({ result }) => result.counts[label]!);
    return { predicted, truth, shape: [slices.length, ...imageSize], spacing, counts };
  }
}

/** Slices that are not all as far apart have no distance, pixels of several sizes no spacing. */
function spacingOf(slices: readonly Slice[], positions: readonly number[] | undefined): VolumeResult["spacingMm"] {
  const [first] = slices;
  const plane = first?.result.spacingMm;
  const [row, column] = plane ?? [];
  const isOneSize = slices.every(({ result: { spacingMm } }) => spacingMm?.[0] === row && spacingMm?.[1] === column);
  if (plane === undefined || !isOneSize) return undefined;
  const steps = positions?.slice(1).map((position, n) => position - positions[n]!) ?? [];
  const isEven = steps.length > 0 && steps.every((step) => step === steps[0]);
  const distance = isEven && first?.sliceMm !== undefined ? steps[0]! * first.sliceMm : undefined;
  return [distance, ...plane];
}
