// What weights say of how an image has to be prepared for them.
import type { Preprocess } from "../../models/preprocess.ts";
import type { ResolvedDataOptions } from "./options.ts";

/** What a network asks of an image's size. */
export type SizeRule = Pick<Preprocess, "padMultiple" | "minSize">;

/**
 * The metadata `atrous.preprocess` of weights trained on this data; undefined for fit "stretch", which makes pixels of
 * another size for each slice, so that no rule in millimetres leads there.
 */
export function preprocessOf(
  { fit, spacingMm = 1, normalize }: ResolvedDataOptions,
  rule: SizeRule,
): Preprocess | undefined {
  return fit === "spacing" ? { spacingMm, normalize, ...rule, padValue: 0 } : undefined;
}
