// Puts the slices of each volume together as they are segmented, and measures the volume when its last one has come.
import { type MaskMetrics, masksOf, meanOverForeground } from "../../segment/mask-metrics.ts";
import { addCounts, measureClass } from "../../segment/metrics.ts";
import { joinMasks, type MaskStack, measureStack, measureThirds } from "../../segment/stack-metrics.ts";
import { type MeasureOptions, noSurfaceMetrics } from "../../segment/surface-metrics.ts";
import type { Dataset, Stack } from "../data/dataset.ts";
import type { Sample } from "../data/prepare.ts";
import type { ImageResult, VolumeResult } from "./results.ts";

interface Slice {
  readonly result: ImageResult;
  /** Where distances are measured. */
  readonly pixels: Pixels | undefined;
}

interface Pixels {
  readonly map: Uint8Array;
  readonly labels: Uint8Array | Uint32Array;
  readonly sliceMm: number | undefined;
}

/**
 * Holds the slices of volumes that are not whole yet: 2 bytes for each pixel, 5 where labels are sets of classes. A volume that is
 * measured takes 2 bytes more for each, beside what `findSurfaces` takes. Of pictures, and of slices with gaps, it holds the counts.
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
    const stored = () => (this.#dataset.targets === "index" ? Uint8Array.from(labels) : labels);
    const isSolid = stepOf(stack) !== undefined;
    const pixels = isSolid ? { map: Uint8Array.from(map), labels: stored(), sliceMm } : undefined;
    this.#slices.set(result.index, { result, pixels });
    if (!stack.samples.every((index) => this.#slices.has(index))) return undefined;
    const slices = stack.samples.map((index) => this.#slices.get(index)!);
    for (const index of stack.samples) this.#slices.delete(index);
    return this.#measure(stack, slices);
  }

  #measure(stack: Stack, slices: readonly Slice[]): VolumeResult {
    const spacingMm = spacingOf(stack, slices);
    const counts = addCounts(slices.map(({ result }) => result.counts));
    const classes = counts.map((pooled, label) => {
      // The background is no structure.
      if (label === 0) return { ...measureClass(pooled, this.#options), ...noSurfaceMetrics, thirds: [] };
      const masks = this.#masksOf(slices, label, spacingMm);
      const whole: MaskMetrics = measureStack(masks, this.#options);
      return { ...whole, thirds: measureThirds(masks, this.#options) };
    });
    const { id, subject } = stack;
    return { id, subject, slices: slices.length, spacingMm, counts, classes, mean: meanOverForeground(classes) };
  }

  #masksOf(slices: readonly Slice[], label: number, spacingMm: VolumeResult["spacingMm"]): MaskStack {
    const { imageSize, targets } = this.#dataset;
    const plane = imageSize[0] * imageSize[1];
    const isSolid = spacingMm?.[0] !== undefined;
    const masks = joinMasks(isSolid ? slices.length : 0, plane, (n) => {
      const { map, labels } = slices[n]!.pixels!;
      return masksOf(map, labels, { label, targets });
    });
    const counts = slices.map(({ result }) => result.counts[label]!);
    const spacing = isSolid ? spacingMm : undefined;
    return { ...masks, shape: [slices.length, ...imageSize], spacing, counts };
  }
}

/** From slice to slice of a volume; undefined for pictures and where slices are not all as far apart. */
function stepOf({ positions }: Stack): number | undefined {
  const steps = positions?.slice(1).map((position, n) => position - positions[n]!) ?? [];
  // A slice by itself is as thick as it is.
  const [step = 1] = steps;
  return positions !== undefined && steps.every((other) => other === step) ? step : undefined;
}

/** Pixels of several sizes have no spacing. */
function spacingOf(stack: Stack, slices: readonly Slice[]): VolumeResult["spacingMm"] {
  const plane = slices[0]?.result.spacingMm;
  const [row, column] = plane ?? [];
  const isOneSize = slices.every(({ result: { spacingMm } }) => spacingMm?.[0] === row && spacingMm?.[1] === column);
  if (plane === undefined || !isOneSize) return undefined;
  const [step, sliceMm] = [stepOf(stack), slices[0]?.pixels?.sliceMm];
  return [step === undefined || sliceMm === undefined ? undefined : step * sliceMm, ...plane];
}
