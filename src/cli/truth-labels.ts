// Which label values of a truth stand for which class of the model.

import { InvalidArgumentError } from "commander";
import { UsageError } from "../index.ts";

/** For class k + 1 the label values of the truth. */
export type TruthLabels = readonly (readonly number[])[];

const largestLabel = 65535;

/** `1,2` is one label for each class; `1-5` and `1+4+7` are several labels for one class. */
export function parseTruthLabels(text: string): TruthLabels {
  const classes = text.split(",").map((part) => part.split("+").flatMap(parseRange));
  const all = classes.flat();
  if (new Set(all).size !== all.length) throw new InvalidArgumentError("Expected each label once.");
  return classes;
}

function parseRange(text: string): number[] {
  const match = /^(\d{1,5})(?:-(\d{1,5}))?$/.exec(text);
  const first = Number(match?.[1]);
  const last = Number(match?.[2] ?? match?.[1]);
  if (!match || first < 1 || last < first || last > largestLabel) {
    throw new InvalidArgumentError(
      "Expected labels as 1,2 (one for each class), 1-5 or 1+4+7 (several for one class).",
    );
  }
  return Array.from({ length: last - first + 1 }, (_, n) => first + n);
}

export interface TruthMaps {
  readonly maps: readonly Uint8Array[];
  /** Label values that no class stands for; they count as background. */
  readonly ignored: readonly number[];
}

/** Turns a truth's labels into classes. Without `labels`, label k is class k. Throws UsageError for too many classes. */
export function mapTruth(slices: readonly Float32Array[], classes: number, labels: TruthLabels | undefined): TruthMaps {
  const foreground = classes - 1;
  if (labels && labels.length > foreground) {
    throw new UsageError(`--truth-labels: got labels for ${labels.length} classes, expected at most ${foreground}`);
  }
  const classOf = new Map<number, number>([[0, 0]]);
  const entries = labels ?? Array.from({ length: foreground }, (_, n) => [n + 1]);
  entries.forEach((values, n) => {
    for (const value of values) classOf.set(value, n + 1);
  });
  const ignored = new Set<number>();
  const maps = slices.map((slice) =>
    Uint8Array.from(slice, (value) => {
      const found = classOf.get(value);
      if (found === undefined) ignored.add(value);
      return found ?? 0;
    }),
  );
  return { maps, ignored: [...ignored].sort((a, b) => a - b) };
}
