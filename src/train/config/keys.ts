// Values of a configuration file, each with the words that finish "got ..., expected".
import * as z from "zod";

/** A finite number above 0. */
export const positive = () => z.number({ error: "a positive number" }).positive();

/** A finite number of 0 or more. */
export const nonNegative = () => z.number({ error: "a number of 0 or more" }).nonnegative();

/** A number from `least` to `most`, both included. */
export function between(least: number, most: number) {
  return z
    .number({ error: `a number from ${least} to ${most}` })
    .min(least)
    .max(most);
}

/** A number from 0, included, to 1, excluded. */
export const fraction = () => z.number({ error: "a number from 0 to below 1" }).min(0).lt(1);

/** A whole number from `least` to `most`. */
export function whole(least: number, most = 1e9) {
  return z
    .int({ error: `a whole number from ${least} to ${most}` })
    .min(least)
    .max(most);
}

/** Text that is not empty. */
export const text = (expected = "text") => z.string({ error: expected }).min(1, { error: expected });

/** A regular expression that ends its search on every name. */
export const expression = () =>
  text("a regular expression")
    .refine(isRegularExpression, { error: "a regular expression" })
    .refine(repeatsNoGroup, { error: "a regular expression that repeats no group, which can search for ever" });

function isRegularExpression(pattern: string): boolean {
  try {
    new RegExp(pattern);
    return true;
  } catch {
    return false;
  }
}

/** Only repetitions within repetitions take time that doubles with each character. */
function repeatsNoGroup(pattern: string): boolean {
  const syntax = pattern.replaceAll(/\\./gs, "").replaceAll(/\[[^\]]*\]/g, "");
  return !/\)[*+{]/.test(syntax);
}

export const flag = () => z.boolean({ error: "true or false" });

/** One of some words. */
export function choice<const T extends readonly [string, ...string[]]>(values: T) {
  return z.enum(values, { error: orList(values) });
}

/** The name of a variant; `byDefault` where a missing name means this variant. */
export function kind<const T extends string>(name: T) {
  return z.literal(name);
}
kind.byDefault = <const T extends string>(name: T) => z.literal(name).optional().default(name);

/** An object that `key` tells apart from its siblings. */
export const variants = <const T extends readonly [z.core.$ZodTypeDiscriminable, ...z.core.$ZodTypeDiscriminable[]]>(
  names: readonly string[],
  options: T,
  key = "kind",
) =>
  z.discriminatedUnion(key, options, {
    error: (issue) => (issue.code === "invalid_union" ? orList(names) : "an object"),
  });

/** An object without other keys: a misspelt one is refused, with the nearest known key. */
export function keys<const T extends z.core.$ZodLooseShape>(shape: T) {
  const known = Object.keys(shape);
  return z.strictObject(shape, {
    error: (issue) => (issue.code === "unrecognized_keys" ? unknownKey(issue.keys[0] ?? "", known) : "an object"),
  });
}

/** Of a value that may be of several types, the issues of the type that it has: an object's own keys, say. */
export function ownIssues(issues: readonly z.core.$ZodIssue[]): readonly z.core.$ZodIssue[] {
  return issues.flatMap((issue) => {
    if (issue.code !== "invalid_union") return [issue];
    const isOwn = (found: readonly z.core.$ZodIssue[]) =>
      found.every(({ code, path }) => path.length > 0 || code === "unrecognized_keys" || code === "custom");
    const own = issue.errors.find((found) => found.length > 0 && isOwn(found));
    return own ? ownIssues(own.map((inner) => ({ ...inner, path: [...issue.path, ...inner.path] }))) : [issue];
  });
}

/** A list of at least one value. */
export function list<T extends z.ZodType>(of: T, expected: string) {
  return z.array(of, { error: expected }).min(1, { error: expected });
}

/** `"a", "b" or "c"`. */
export function orList(words: readonly string[]): string {
  const quoted = words.map((word) => JSON.stringify(word));
  return quoted.length < 2 ? quoted.join("") : `${quoted.slice(0, -1).join(", ")} or ${quoted.at(-1)}`;
}

function unknownKey(got: string, known: readonly string[]): string {
  const near = nearest(got, known);
  return near === undefined ? `unknown key, expected one of ${known.join(", ")}` : `unknown key, did you mean ${near}?`;
}

/** The word that takes the fewest edits to reach, if they are few for its length. */
export function nearest(got: string, words: readonly string[]): string | undefined {
  const ranked = words.map((word) => ({ word, edits: editDistance(got.toLowerCase(), word.toLowerCase()) }));
  const best = ranked.reduce((a, b) => (b.edits < a.edits ? b : a), { word: "", edits: Number.POSITIVE_INFINITY });
  return best.edits <= Math.max(1, Math.floor(best.word.length / 2)) ? best.word : undefined;
}

/** Insertions, deletions and substitutions (Levenshtein). */
function editDistance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, j) => j);
  for (let i = 1; i <= a.length; i++) {
    const next = [i];
    for (let j = 1; j <= b.length; j++) {
      const substituted = row[j - 1]! + (a[i - 1] === b[j - 1] ? 0 : 1);
      next.push(Math.min(substituted, row[j]! + 1, next[j - 1]! + 1));
    }
    row = next;
  }
  return row[b.length]!;
}
