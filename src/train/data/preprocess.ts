// What weights say of how an image has to be prepared for them.
import type { ImageSize } from "../../models/network.ts";
import type { Preprocess } from "../../models/preprocess.ts";
import type { ResolvedDataOptions } from "./options.ts";

/**
 * The metadata `atrous.preprocess` of a network's weights trained on this data; undefined for fit "stretch", which makes pixels of
 * another size for each slice, so that no rule in millimetres leads there.
 */
export function preprocessOf(
  { fit, spacingMm = 1, normalize }: ResolvedDataOptions,
  { multiple, least }: ImageSize,
): Preprocess | undefined {
  return fit === "spacing" ? { spacingMm, normalize, padMultiple: multiple, minSize: least, padValue: 0 } : undefined;
}
