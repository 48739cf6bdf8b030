// Which label values of a truth stand for which class of the model.

import { InvalidArgumentError } from "commander";
import { largestLabel, type TruthLabels } from "../node.ts";

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
