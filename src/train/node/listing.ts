// Which files a source names.
import { readdir } from "node:fs/promises";
import { dirname, join, posix, resolve, sep } from "node:path";
import { runInNewContext } from "node:vm";
import { UsageError } from "../../errors.ts";
import { quote } from "../../formats/quote.ts";
import { readText } from "../../formats/source/text.ts";
import { parseManifest } from "../data/manifest.ts";
import type { SourceOptions } from "../data/options.ts";
import { fillPattern, matchPattern, variablePart, withoutExtension } from "../data/pattern.ts";

/** An image and its labels, by their paths. */
export interface ListedPair {
  readonly image: string;
  readonly labels: string;
  readonly subject: string;
  /** What its samples are called. */
  readonly name: string;
}

/**
 * Lists a source's pairs in the order of their paths; `where` begins messages, `base` is what paths are relative to.
 * Throws UsageError for patterns that find nothing, FormatError for a manifest that is none.
 */
export async function listSource(source: SourceOptions, where: string, base: string): Promise<readonly ListedPair[]> {
  const { manifest, images, labels, subject } = source;
  if (manifest !== undefined) return listManifest(resolve(base, manifest));
  if (images === undefined || labels === undefined || subject === undefined) {
    throw new UsageError(`${where}: expected images, labels and subject, or a manifest`);
  }
  const folder = resolve(base, source.folder);
  const found = (await listFolder(folder, images, where)).flatMap((path) => {
    const parts = matchPattern(images, path);
    return parts ? [{ path, labels: fillPattern(labels, parts, `${where}.labels`) }] : [];
  });
  // `scan.nii` and `scan-labels.nii` may both match; labels are no images.
  const masks = new Set(found.map((pair) => pair.labels));
  const pairs = found.filter(({ path }) => !masks.has(path));
  if (pairs.length === 0) throw new UsageError(`${where}.images: got ${images}, which nothing in ${folder} matches`);
  const paths = pairs.map(({ path }) => path);
  const subjects = findSubjects(paths, subject, `${where}.subject`);
  return pairs.map(({ path, labels }, n) => ({
    image: join(folder, path),
    labels: join(folder, labels),
    subject: subjects[n]!,
    name: variablePart(images, path),
  }));
}

/** Paths below a folder, with `/`, sorted by their characters: the same order on every system. */
async function listFolder(folder: string, pattern: string, where: string): Promise<string[]> {
  // Nothing outside of the folders that the pattern begins with can match.
  const fixed = pattern.slice(0, pattern.search(/\*|$/));
  const top = fixed.includes("/") ? posix.dirname(`${fixed}x`) : "";
  try {
    const names = await readdir(join(folder, top), {
      recursive: pattern.slice(top.length + 1).includes("/") || pattern.includes("**"),
    });
    return names.map((name) => posix.join(top, name.split(sep).join("/"))).sort();
  } catch (error) {
    const reason = error instanceof Error && "code" in error ? error.code : error;
    throw new UsageError(`${where}.folder: ${join(folder, top)} cannot be listed, got ${reason}, expected a folder`);
  }
}

/** In all paths of a source. Expressions with groups that repeat repetitions can take longer than anybody waits. */
const mostSearchMs = 2_000;

const timeoutCode = "ERR_SCRIPT_EXECUTION_TIMEOUT";

/** What the groups of a regular expression find in each path. Throws UsageError where they find nothing, or for too long. */
function findSubjects(paths: readonly string[], pattern: string, where: string): readonly string[] {
  const found: string[] = [];
  const script = "const expression = new RegExp(pattern); for (const path of paths) add(expression.exec(path));";
  const add = (match: RegExpExecArray | null) => found.push(match?.slice(1).join("") ?? "");
  try {
    runInNewContext(script, { pattern, paths, add }, { timeout: mostSearchMs });
  } catch (error) {
    const isLate = typeof error === "object" && error !== null && "code" in error && error.code === timeoutCode;
    if (!isLate) throw error;
    const path = paths[found.length] ?? "";
    throw new UsageError(
      `${where}: got ${quote(pattern)}, which searches ${quote(path)} for over ${mostSearchMs / 1000} s, expected a simpler expression`,
    );
  }
  const without = found.indexOf("");
  if (without === -1) return found;
  throw new UsageError(`${where}: got ${pattern}, which finds no subject in ${paths[without]}`);
}

async function listManifest(path: string): Promise<readonly ListedPair[]> {
  const folder = dirname(path);
  return parseManifest(await readText(path), path).map(({ image, labels, subject }) => ({
    image: resolve(folder, image),
    labels: resolve(folder, labels),
    subject,
    name: withoutExtension(image),
  }));
}
