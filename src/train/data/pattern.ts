// Patterns of paths and names: `*` is any part of a name, `**` any folders.
import { UsageError } from "../../errors.ts";

const wildcard = /\*\*\/|\*\*|\*/g;

/** What its wildcards stand for in a path with `/`; undefined where the path does not match. */
export function matchPattern(pattern: string, path: string): readonly string[] | undefined {
  const literals = pattern.split(wildcard).map((text) => text.replace(/[.+?^${}()|[\]\\]/g, "\\$&"));
  const groups = { "**/": "((?:.*/)?)", "**": "(.*)", "*": "([^/]*)" };
  const kinds = pattern.match(wildcard) ?? [];
  const source = literals.map((text, n) => (n === 0 ? text : groups[kinds[n - 1] as keyof typeof groups] + text));
  return new RegExp(`^${source.join("")}$`).exec(path)?.slice(1);
}

/** The pattern with its wildcards replaced, in order. Throws UsageError where their numbers differ; `where` begins the message. */
export function fillPattern(pattern: string, parts: readonly string[], where: string): string {
  const count = pattern.match(wildcard)?.length ?? 0;
  if (count !== parts.length) {
    throw new UsageError(`${where}: got ${count} wildcards, expected ${parts.length} as in images`);
  }
  let next = 0;
  return pattern.replace(wildcard, () => parts[next++]!);
}

/** A path without what the pattern fixes behind its last wildcard: `VB1/02_28` of `VB1/02_28_img.png`. */
export function variablePart(pattern: string, path: string): string {
  const fixed = pattern.split(wildcard).at(-1)!;
  const hasWildcard = fixed.length < pattern.length;
  return hasWildcard && fixed.length > 0 ? path.slice(0, -fixed.length) : withoutExtension(path);
}

export function withoutExtension(path: string): string {
  return path.replace(/(\.nii)?\.[a-z]+$/i, "");
}
