// Which subjects train and which validate. A subject is wholly in one part, whatever files its slices are in.
import { FormatError, UsageError } from "../../errors.ts";
import { quoteValue } from "../../formats/quote.ts";
import { Random } from "../../random.ts";
import { parseJson } from "./manifest.ts";
import type { ResolvedDataOptions } from "./options.ts";
import { matchPattern } from "./pattern.ts";

export type Part = "train" | "validation" | "test";

type SplitOptions = ResolvedDataOptions["split"];

/** Names of subjects, `*` for any part, `**` for `/` too. Without `train`, it is all others. */
export interface SplitLists {
  readonly train?: readonly string[] | undefined;
  readonly validation: readonly string[];
  readonly test: readonly string[];
  /** What begins messages. */
  readonly where: string;
  /** Whether each name must be found: a list of all data also serves a part of it. */
  readonly isComplete: boolean;
}

const defaultShare = 0.2;

/** No sample has that number. */
const splitStream = 2 ** 32 - 1;

/** Assigns every subject. Throws UsageError for a subject in two parts or in none, or a name that is none's. */
export function splitSubjects(
  subjects: readonly string[],
  split: SplitOptions,
  file: SplitLists | undefined,
): ReadonlyMap<string, Part> {
  const unique = [...new Set(subjects)].sort();
  const { validation = defaultShare, seed = 0, train, test = [] } = split;
  if (file !== undefined) return splitByLists(unique, file);
  const where = "data.split";
  if (typeof validation !== "number") {
    return splitByLists(unique, { train, validation, test, where, isComplete: true });
  }
  const left = splitByLists(unique, { validation: [], test, where, isComplete: true });
  const candidates = new Random([seed, 0], splitStream).shuffle(
    unique.filter((subject) => left.get(subject) === "train"),
  );
  const count = validation === 0 ? 0 : Math.max(1, Math.round(validation * candidates.length));
  const validating = new Set(candidates.slice(0, count));
  return new Map(unique.map((subject) => [subject, validating.has(subject) ? "validation" : left.get(subject)!]));
}

function splitByLists(subjects: readonly string[], lists: SplitLists): ReadonlyMap<string, Part> {
  const patterns = (["train", "validation", "test"] as const).flatMap((part) =>
    (lists[part] ?? []).map((pattern) => ({ part, pattern, isFound: false })),
  );
  const parts = new Map<string, Part>();
  for (const subject of subjects) {
    const found = patterns.filter(({ pattern }) => matchPattern(pattern, subject) !== undefined);
    for (const entry of found) entry.isFound = true;
    const named = new Set(found.map(({ part }) => part));
    if (named.size > 1) {
      throw new UsageError(`${lists.where}: got subject ${subject} in ${[...named].join(" and ")}, expected one part`);
    }
    const [part = lists.train === undefined ? "train" : undefined] = named;
    if (part === undefined)
      throw new UsageError(`${lists.where}: got subject ${subject} in no list, expected it in one`);
    parts.set(subject, part);
  }
  const missing = patterns.find(({ isFound }) => !isFound);
  if (missing && lists.isComplete) {
    throw new UsageError(`${lists.where}.${missing.part}: got ${missing.pattern}, expected a subject's name`);
  }
  return parts;
}

/** Reads `{"train": [...], "val": [...], "test": [...]}`. Throws FormatError. */
export function parseSplitFile(text: string, name: string): SplitLists {
  const json = parseJson(text, name);
  const list = (...keys: string[]) => {
    const found = keys.filter((key) => typeof json === "object" && json !== null && Object.hasOwn(json, key));
    if (found.length > 1) throw new FormatError(`${name}: got ${found.join(" and ")}, expected one of them`);
    const [key] = found;
    const value: unknown = key && Object.getOwnPropertyDescriptor(json, key)?.value;
    if (value === undefined) return undefined;
    if (Array.isArray(value) && value.every((entry) => typeof entry === "string")) return value;
    throw new FormatError(`${name}: ${key} is ${quoteValue(value)}, expected a list of subjects`);
  };
  const [train, validation] = [list("train"), list("validation", "val")];
  if (!train || !validation) throw new FormatError(`${name}: expected the lists train and val, or validation`);
  return { train, validation, test: list("test") ?? [], where: name, isComplete: false };
}
