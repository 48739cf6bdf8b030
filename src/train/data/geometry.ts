// Where each pixel of the network's image comes from in the slice: fit, rotation, flip, scale, shift and elastic
// deformation composed into one map, so that image and labels are resampled once, at the same places.
import { resampledSize, type SliceSize } from "../../segment/resample.ts";
import type { ResolvedDataOptions } from "./options.ts";

export type Size = readonly [height: number, width: number];

/** How a slice lies in the image before it is augmented. */
export interface Frame {
  /** Rows and columns of the image. */
  readonly size: Size;
  /** Rows and columns of the whole slice at the image's pixel size. */
  readonly resampled: Size;
  /** Rows and columns of it that fit, from row 0 and column 0 of the image: what is missing is padded there. */
  readonly shown: Size;
}

type FitOptions = Pick<ResolvedDataOptions, "size" | "fit" | "spacingMm">;

export function frameOf(slice: SliceSize, { size, fit, spacingMm = 1 }: FitOptions): Frame {
  const resampled = fit === "stretch" ? size : resampledSize(slice, fit === "pad" ? "own" : spacingMm);
  const shown = [Math.min(resampled[0], size[0]), Math.min(resampled[1], size[1])] as const;
  return { size, resampled, shown };
}

/** Rows and columns that are cut off above and at the left; a whole number, so that pixels stay pixels. */
function cutOf({ resampled, shown }: Frame, [down, right]: Pose["place"]): Size {
  const cut = (axis: 0 | 1, share: number) => Math.floor(share * (resampled[axis] - shown[axis] + 1));
  return [cut(0, down), cut(1, right)];
}

/** What augmentation does to the position of the slice, about the centre of what is shown. */
export interface Pose {
  /** Of a slice that is larger than the image, which part is shown: from 0, its beginning, to below 1, its end. */
  readonly place: readonly [down: number, right: number];
  /** Positive turns clockwise. */
  readonly degrees: number;
  /** Above 1 enlarges. */
  readonly factor: number;
  readonly flip: { readonly horizontal: boolean; readonly vertical: boolean };
  /** In pixels. */
  readonly shift: readonly [down: number, right: number];
  readonly displacement?: Displacement | undefined;
}

export const identityPose: Pose = {
  place: [0.5, 0.5],
  degrees: 0,
  factor: 1,
  flip: { horizontal: false, vertical: false },
  shift: [0, 0],
};

/** For each pixel of the image, row by row, how far away it takes its value from, in pixels. */
export interface Displacement {
  readonly down: Float32Array;
  readonly right: Float32Array;
}

/**
 * Pixel (row i, column j) takes its value from the slice's row d x + e y + f, column a x + b y + c, where x = j + 0.5 and
 * y = i + 0.5, each with its displacement. Slice coordinates are whole numbers at the centres of pixels.
 */
export interface Warp {
  readonly size: Size;
  readonly column: readonly [a: number, b: number, c: number];
  readonly row: readonly [d: number, e: number, f: number];
  readonly displacement?: Displacement | undefined;
}

/** The map from a posed image to a slice of `source` rows and columns, which is the whole of what `frame` places. */
export function createWarp(frame: Frame, source: Size, pose: Pose): Warp {
  const [sine, cosine] = sineCosine(pose.degrees);
  const { horizontal, vertical } = pose.flip;
  const [centreY, centreX] = [frame.shown[0] / 2, frame.shown[1] / 2];
  const scaleX = source[1] / frame.resampled[1];
  const scaleY = source[0] / frame.resampled[0];
  // From the image to the frame: undo the shift, turn back, shrink, mirror, all about the centre.
  const across = (horizontal ? -1 : 1) / pose.factor;
  const down = (vertical ? -1 : 1) / pose.factor;
  const [x0, y0] = [centreX + pose.shift[1], centreY + pose.shift[0]];
  const inFrame = {
    x: [across * cosine, across * sine, centreX - across * (cosine * x0 + sine * y0)],
    y: [-down * sine, down * cosine, centreY - down * (cosine * y0 - sine * x0)],
  } as const;
  // From the frame to the slice: put back what was cut off, change the pixel size.
  const { x, y } = inFrame;
  const cut = cutOf(frame, pose.place);
  return {
    size: frame.size,
    column: [x[0] * scaleX, x[1] * scaleX, (x[2] + cut[1]) * scaleX - 0.5],
    row: [y[0] * scaleY, y[1] * scaleY, (y[2] + cut[0]) * scaleY - 0.5],
    displacement: pose.displacement,
  };
}

/** Exact at quarter turns, so that those move pixels without blending them. */
function sineCosine(degrees: number): readonly [number, number] {
  const quarters = degrees / 90;
  if (!Number.isInteger(quarters)) {
    const angle = (degrees * Math.PI) / 180;
    return [Math.sin(angle), Math.cos(angle)];
  }
  const turns = ((quarters % 4) + 4) % 4;
  return [[0, 1, 0, -1][turns]!, [1, 0, -1, 0][turns]!];
}
