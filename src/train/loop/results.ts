// How well a network predicts the images of a dataset: image by image, and together.

import type { EmptyOptions } from "../../segment/empty-masks.ts";
import { type MaskMetrics, meanMetrics, meanOverForeground } from "../../segment/mask-metrics.ts";
import { addCounts, type ClassCounts, measureClass } from "../../segment/metrics.ts";

/** How well one image is predicted. */
export interface ImageResult {
  readonly index: number;
  readonly id: string;
  readonly subject: string;
  /** Of its rows and columns, as the network sees the image; undefined where the dataset does not know. */
  readonly spacingMm: readonly [number, number] | undefined;
  /** Background first. */
  readonly counts: readonly ClassCounts[];
  /** Distances are those of contours; the background has none. */
  readonly classes: readonly MaskMetrics[];
  readonly mean: MaskMetrics;
}

/** Areas of a class in an image, predicted and labelled; undefined where the size of pixels is not known. */
export function classAreas(
  { spacingMm, counts }: ImageResult,
  c: number,
): Readonly<Record<"areaMm2" | "truthAreaMm2", number | undefined>> {
  const { truePositive, falsePositive, falseNegative } = counts[c]!;
  const areaOf = (pixels: number) => spacingMm && pixels * spacingMm[0] * spacingMm[1];
  return { areaMm2: areaOf(truePositive + falsePositive), truthAreaMm2: areaOf(truePositive + falseNegative) };
}

/** How well slices that lie on one another are predicted together. */
export interface VolumeResult {
  readonly id: string;
  readonly subject: string;
  readonly slices: number;
  /** Of slices, rows and columns. Without that of slices, as of pictures or of slices with gaps, there are no distances. */
  readonly spacingMm: readonly [number | undefined, number, number] | undefined;
  readonly counts: readonly ClassCounts[];
  /** Background first, with the thirds that `measureThirds` defines. */
  readonly classes: readonly (MaskMetrics & { readonly thirds: readonly (MaskMetrics | undefined)[] })[];
  readonly mean: MaskMetrics;
}

/** How well all images of a subject are predicted together; distances are means over its volumes or images, as of a class. */
export interface SubjectResult {
  readonly subject: string;
  readonly images: number;
  readonly counts: readonly ClassCounts[];
  readonly classes: readonly MaskMetrics[];
  readonly mean: MaskMetrics;
}

/**
 * How well one class is predicted over many images: over their pixels together. Distances are means over the volumes, or over the
 * images where no volume has distances.
 */
export interface ClassResult extends MaskMetrics {
  readonly name: string;
  readonly counts: ClassCounts;
  /** Each metric per image, averaged over the images where it is defined. */
  readonly perImage: MaskMetrics;
  /** Images in which the DSC is defined. */
  readonly images: number;
  /** Each metric per volume, averaged. */
  readonly perVolume: MaskMetrics;
  /** Volumes, or images, that distances are means over: those where prediction and labels have the class. */
  readonly measured: number;
  /** The first, middle and last third of the class, each metric averaged over the volumes. */
  readonly thirds: readonly MaskMetrics[];
}

/** How well a network predicts the images of a dataset. */
export interface ValidationResult {
  /** Over the pixels of all images together, background first. */
  readonly classes: readonly ClassResult[];
  /** Mean over the classes but the background. */
  readonly mean: MaskMetrics;
  /** Mean over the images; undefined where the network gave none. */
  readonly loss: number | undefined;
  readonly images: readonly ImageResult[];
  /** None where surfaces were not asked for. */
  readonly volumes: readonly VolumeResult[];
  readonly subjects: readonly SubjectResult[];
  /** What distances of classes are means over. */
  readonly distancesPer: "volume" | "image";
}

type Measured = Pick<ImageResult, "subject" | "classes">;

/** Puts images and volumes together: classes over all of them, and subjects. */
export function poolResults(
  images: readonly ImageResult[],
  volumes: readonly VolumeResult[],
  options: EmptyOptions & { readonly classes: readonly string[] },
): Omit<ValidationResult, "loss" | "images" | "volumes"> {
  const distancesPer = volumes.some(({ spacingMm }) => spacingMm?.[0] !== undefined) ? "volume" : "image";
  const measured = distancesPer === "volume" ? volumes : images;
  const classes = pool(images, measured, options).map((metrics, c): ClassResult => {
    const of = (results: readonly Measured[]) => results.map(({ classes }) => classes[c]!);
    const thirds = volumes.map(({ classes }) => classes[c]!.thirds);
    return {
      name: options.classes[c]!,
      ...metrics,
      perImage: meanMetrics(of(images)),
      images: of(images).filter(({ dsc }) => dsc !== undefined).length,
      perVolume: meanMetrics(of(volumes)),
      measured: of(measured).filter(({ assd }) => assd !== undefined).length,
      thirds: [0, 1, 2].map((t) => meanMetrics(thirds.map((all) => all[t]).filter((third) => third !== undefined))),
    };
  });
  const subjects = [...new Set(images.map(({ subject }) => subject))].map((subject): SubjectResult => {
    const own = images.filter((image) => image.subject === subject);
    const results = pool(
      own,
      measured.filter((result) => result.subject === subject),
      options,
    );
    const counts = results.map(({ counts }) => counts);
    const classes = results.map(({ counts: _, ...metrics }) => metrics);
    return { subject, images: own.length, counts, classes, mean: meanOverForeground(classes) };
  });
  return { classes, mean: meanOverForeground(classes), subjects, distancesPer };
}

/** Overlaps over all pixels of the images, distances as the means of what is measured; class by class. */
function pool(
  images: readonly ImageResult[],
  measured: readonly Measured[],
  options: EmptyOptions,
): (MaskMetrics & { readonly counts: ClassCounts })[] {
  return addCounts(images.map(({ counts }) => counts)).map((counts, c) => {
    const { hausdorff95, hausdorff, assd, surfaceDice } = meanMetrics(measured.map(({ classes }) => classes[c]!));
    return { counts, ...measureClass(counts, options), hausdorff95, hausdorff, assd, surfaceDice };
  });
}

/** The images with the best or the worst mean DSC first; those without one are left out. */
export function rankImages(images: readonly ImageResult[], first: "best" | "worst"): ImageResult[] {
  const sign = first === "best" ? -1 : 1;
  const measured = images.filter(({ mean }) => mean.dsc !== undefined);
  return measured.toSorted((a, b) => sign * (a.mean.dsc! - b.mean.dsc!) || a.index - b.index);
}
