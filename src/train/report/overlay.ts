// Pictures of the images that a network segments best and worst.
import { encodePicture, encodeSheet, greyWindow } from "../../overlay/index.ts";
import type { TargetKind } from "../../segment/metrics.ts";
import type { Dataset } from "../data/dataset.ts";
import type { Sample } from "../data/prepare.ts";
import type { PreviewSample } from "../data/preview.ts";
import { singleClass } from "../data/targets.ts";
import { type ImageResult, rankImages } from "../loop/results.ts";
import type { SegmentBatch } from "../loop/validate.ts";

/** A drawn slice, for a report. */
export interface Overlay {
  /** Of the image. */
  readonly id: string;
  /** Mean DSC over the classes but the background. */
  readonly dsc: number;
  /** The slice, the predicted classes filled, the labelled ones as dashed outlines. */
  readonly png: Uint8Array;
}

/** Drawn slices of the images with the lowest and the highest mean DSC. */
export interface Overlays {
  /** The worst first. */
  readonly worst: readonly Overlay[];
  /** The best first. */
  readonly best: readonly Overlay[];
}

const longerSide = 384;

/** Segments the extreme images once more and draws them, up to `count` of each kind. No image is drawn as both: few images make few pictures. */
export async function drawOverlays(
  segment: SegmentBatch,
  dataset: Dataset,
  images: readonly ImageResult[],
  count = 3,
): Promise<Overlays> {
  const ranked = rankImages(images, "worst");
  const worst = ranked.slice(0, Math.min(count, Math.ceil(ranked.length / 2)));
  const best = ranked.slice(worst.length).slice(-count).reverse();
  const draw = async (chosen: readonly ImageResult[]) => {
    const overlays: Overlay[] = [];
    for (const { index, id, mean } of chosen) {
      const sample = await dataset.sample(index);
      const { maps } = await segment([sample]);
      overlays.push({ id, dsc: mean.dsc!, png: drawSample(sample, maps[0]!, dataset) });
    }
    return overlays;
  };
  return { worst: await draw(worst), best: await draw(best) };
}

function drawSample(
  { image, labels }: Sample,
  map: ArrayLike<number>,
  { targets, imageSize: [height, width] }: Dataset,
): Uint8Array {
  const picture = { height, width, grey: image, classes: Uint8Array.from(map), truth: truthOf(labels, targets) };
  return encodePicture(picture, greyWindow([image]), longerSide);
}

/** Pixels of no known class are drawn as background. */
function truthOf(labels: Uint32Array, targets: TargetKind): Uint8Array {
  return Uint8Array.from(labels, (label) => singleClass(label, targets) ?? 0);
}

/** PNG of images with their classes side by side, to see that masks follow images and that augmentation stays plausible. */
export function encodePreview(
  images: readonly PreviewSample[],
  title: string,
  classNames: readonly string[],
): Uint8Array {
  return encodeSheet({
    title,
    legend: classNames.slice(1).map((text, n) => ({ label: n + 1, text })),
    footer: `${images.length} images of the training`,
    tiles: images.map(({ id, ...picture }) => ({ picture, caption: id })),
    spacingMm: [1, 1],
    window: greyWindow(images.map(({ grey }) => grey)),
    hasTruth: false,
  });
}
