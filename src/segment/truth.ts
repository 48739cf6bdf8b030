// A truth: which of its label values stand for which class of the model.
import { UsageError } from "../errors.ts";
import type { SliceList } from "../slice-list.ts";

/** For class k + 1 the label values of the truth. */
export type TruthLabels = readonly (readonly number[])[];

/** A truth as classes of the model. */
export interface TruthMaps {
  readonly maps: readonly Uint8Array[];
  /** Label values that no class stands for; they count as background. */
  readonly ignored: readonly number[];
}

/** Turns a truth's labels into classes. Without `labels`, label k is class k. Throws UsageError for too many classes. */
export function mapTruth(
  slices: SliceList<ArrayLike<number>>,
  classes: number,
  labels: TruthLabels | undefined,
): TruthMaps {
  const foreground = classes - 1;
  if (labels && labels.length > foreground) {
    throw new UsageError(`truth labels: got labels for ${labels.length} classes, expected at most ${foreground}`);
  }
  const classOf = new Map<number, number>([[0, 0]]);
  const entries = labels ?? Array.from({ length: foreground }, (_, n) => [n + 1]);
  entries.forEach((values, n) => {
    for (const value of values) classOf.set(value, n + 1);
  });
  const ignored = new Set<number>();
  const maps = Array.from({ length: slices.length }, (_, n) => {
    const slice = slices.at(n)!;
    const map = new Uint8Array(slice.length);
    for (let at = 0; at < map.length; at++) {
      const value = slice[at]!;
      const found = classOf.get(value);
      if (found === undefined) ignored.add(value);
      map[at] = found ?? 0;
    }
    return map;
  });
  return { maps, ignored: [...ignored].sort((a, b) => a - b) };
}
