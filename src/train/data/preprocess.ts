// What weights say of how an image has to be prepared for them.
import { UsageError } from "../../errors.ts";
import type { ImageSize } from "../../models/network.ts";
import type { Normalization, Preprocess } from "../../models/preprocess.ts";
import type { ResolvedDataOptions } from "./options.ts";
import type { MaskStatistics } from "./statistics.ts";

/**
 * The metadata `atrous.preprocess` of a network's weights trained on this data; undefined for fit "stretch", which makes pixels of
 * another size for each slice, so that no rule in millimetres leads there. `statistics` are those of the training set, where grey
 * values are normalised within masks.
 */
export function preprocessOf(
  { fit, size, spacingMm = 1, normalize }: ResolvedDataOptions,
  { multiple, least }: ImageSize,
  statistics?: MaskStatistics,
): Preprocess | undefined {
  if (fit === "stretch") return undefined;
  const common = { normalize: normalizationOf(normalize, statistics), padMultiple: multiple, padValue: 0 };
  if (fit === "spacing") return { ...common, spacingMm, minSize: least };
  return { ...common, spacingMm: "own", minSize: Math.max(least, Math.min(...size)) };
}

/** What is done to grey values, once the statistics are known. Throws UsageError where they are needed and there are none. */
export function normalizationOf(
  normalize: ResolvedDataOptions["normalize"],
  statistics: MaskStatistics | undefined,
): Normalization {
  if (typeof normalize === "string" || !("within" in normalize)) return normalize;
  if (statistics) return { mean: statistics.mean, deviation: statistics.deviation };
  throw new UsageError("data.normalize.within: got no statistics of the training set, which masks are normalised by");
}
