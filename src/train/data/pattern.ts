// Patterns of paths and names: `*` is any part of a name, `**` any folders.
import { UsageError } from "../../errors.ts";

/** Splits a pattern so that every second part is a wildcard. */
const wildcard = /(\*\*\/|\*\*|\*)/;

/** More than any folder needs; a match takes time and memory in proportion to them and to the path. */
const mostWildcards = 100;

/**
 * What its wildcards stand for in a path with `/`, the first as much as can be; undefined where the path does not match. Throws
 * UsageError for a pattern of more than 100 wildcards.
 */
export function matchPattern(pattern: string, path: string): readonly string[] | undefined {
  const tokens = pattern.split(wildcard);
  if (tokens.length > 2 * mostWildcards + 1) {
    const got = (tokens.length - 1) / 2;
    throw new UsageError(`pattern ${pattern.slice(0, 60)}...: got ${got} wildcards, expected at most ${mostWildcards}`);
  }
  // From the last token to the first: where it ends if it begins at a place, and what is behind it matches; else -1.
  let after = new Int32Array(path.length + 1).fill(-1);
  after[path.length] = path.length;
  const ends = tokens.toReversed().map((token, n) => {
    const matches = (at: number) => after[at]! >= 0;
    after = n % 2 === 1 ? endsOfWildcard(token, path, matches) : endsOfText(token, path, matches);
    return after;
  });
  if (after[0]! < 0) return undefined;
  const parts: string[] = [];
  let at = 0;
  ends.reverse().forEach((endOf, n) => {
    const end = endOf[at]!;
    if (n % 2 === 1) parts.push(path.slice(at, end));
    at = end;
  });
  return parts;
}

function endsOfText(text: string, path: string, matches: (at: number) => boolean): Int32Array<ArrayBuffer> {
  return new Int32Array(path.length + 1).map((_, at) =>
    path.startsWith(text, at) && matches(at + text.length) ? at + text.length : -1,
  );
}

function endsOfWildcard(token: string, path: string, matches: (at: number) => boolean): Int32Array<ArrayBuffer> {
  const ends = new Int32Array(path.length + 1);
  // Folders end behind a slash, or there are none; names end before one.
  let farthest = -1;
  for (let at = path.length; at >= 0; at--) {
    if (token === "*" && path[at] === "/") farthest = -1;
    if (token !== "**/" && farthest < 0 && matches(at)) farthest = at;
    ends[at] = farthest < 0 && matches(at) ? at : farthest;
    if (token === "**/" && farthest < 0 && path[at - 1] === "/" && matches(at)) farthest = at;
  }
  return ends;
}

/** The pattern with its wildcards replaced, in order. Throws UsageError where their numbers differ; `where` begins the message. */
export function fillPattern(pattern: string, parts: readonly string[], where: string): string {
  const tokens = pattern.split(wildcard);
  const count = (tokens.length - 1) / 2;
  if (count !== parts.length) {
    throw new UsageError(`${where}: got ${count} wildcards, expected ${parts.length} as in images`);
  }
  return tokens.map((token, n) => (n % 2 === 1 ? parts[(n - 1) / 2]! : token)).join("");
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
