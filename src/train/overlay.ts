// Pictures of the images that a network segments best and worst.
import { encodePicture, greyWindow } from "../overlay/index.ts";
import type { Dataset, Sample } from "./dataset.ts";
import { ignoreIndex, type Targets } from "./metrics.ts";
import { type ImageResult, rankImages, type SegmentBatch } from "./validate.ts";

export interface Overlay {
  /** Of the image. */
  readonly id: string;
  /** Mean DSC over the classes but the background. */
  readonly dsc: number;
  /** The slice, the predicted classes filled, the labelled ones as dashed outlines. */
  readonly png: Uint8Array;
}

export interface Overlays {
  /** The worst first. */
  readonly worst: readonly Overlay[];
  /** The best first. */
  readonly best: readonly Overlay[];
}

export interface OverlayOptions {
  /** Height and width of the images. */
  readonly size: readonly [height: number, width: number];
  /** Pictures of each kind. Default 3. */
  readonly count?: number;
}

const longerSide = 384;

/** Segments the extreme images once more and draws them. No image is drawn as both: few images make few pictures. */
export async function drawOverlays(
  segment: SegmentBatch,
  dataset: Dataset,
  images: readonly ImageResult[],
  { size, count = 3 }: OverlayOptions,
): Promise<Overlays> {
  const ranked = rankImages(images, "worst");
  const worst = ranked.slice(0, Math.min(count, Math.ceil(ranked.length / 2)));
  const best = ranked.slice(worst.length).slice(-count).reverse();
  const draw = async (chosen: readonly ImageResult[]) => {
    const overlays: Overlay[] = [];
    for (const { index, id, mean } of chosen) {
      const sample = await dataset.sample(index);
      const { maps } = await segment([sample]);
      overlays.push({ id, dsc: mean.dsc!, png: drawSample(sample, maps[0]!, dataset.targets, size) });
    }
    return overlays;
  };
  return { worst: await draw(worst), best: await draw(best) };
}

function drawSample(
  { image, labels }: Sample,
  map: ArrayLike<number>,
  targets: Targets,
  [height, width]: readonly [number, number],
): Uint8Array {
  const picture = { height, width, grey: image, classes: Uint8Array.from(map), truth: truthOf(labels, targets) };
  return encodePicture(picture, greyWindow([image]), longerSide);
}

/** Pixels of no known class are drawn as background. */
function truthOf(labels: Uint32Array, targets: Targets): Uint8Array {
  if (targets === "index") return Uint8Array.from(labels, (label) => (label === ignoreIndex ? 0 : label));
  const isSingle = (set: number) => set !== 0 && (set & (set - 1)) === 0;
  return Uint8Array.from(labels, (set) => (isSingle(set) ? 31 - Math.clz32(set) : 0));
}
