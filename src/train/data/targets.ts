// From the labels of files to the targets of the loss.
import { FormatError, UsageError } from "../../errors.ts";
import { largestLabel } from "../../segment/labels.ts";
import { ignoreIndex, type TargetKind } from "../../segment/metrics.ts";
import type { ClassTarget, SourceOptions } from "./options.ts";

/** Sets have a bit for each class. */
const mostClassesInSets = 32;

const ignoredSet = 0xffffffff;

/** The targets of labels first..last. Plain data, which goes to threads. */
export interface LabelRange {
  readonly first: number;
  readonly last: number;
  readonly target: ClassTarget;
}

/** Throws UsageError for ranges that overlap or run backwards; `where` begins the message. */
export function readLabelRanges(classes: SourceOptions["classes"], where: string): readonly LabelRange[] {
  const ranges = Object.entries(classes).map(([key, target]) => {
    const [first, last = first] = key.split("-").map(Number) as [number, number?];
    if (last < first || last > largestLabel) {
      throw new UsageError(`${where}: got the labels ${key}, expected them in order and at most ${largestLabel}`);
    }
    return { first, last, target };
  });
  ranges.sort((a, b) => a.first - b.first);
  ranges.forEach(({ first }, n) => {
    if (n > 0 && ranges[n - 1]!.last >= first) throw new UsageError(`${where}: got label ${first} twice`);
  });
  return ranges;
}

/** Sets as soon as one label admits several classes. Throws UsageError for classes that have no bit. */
export function targetKindOf(targets: readonly ClassTarget[]): TargetKind {
  if (!targets.some(Array.isArray)) return "index";
  const highest = highestClass(targets);
  if (highest < mostClassesInSets) return "sets";
  throw new UsageError(
    `data: got class ${highest} beside labels of several classes, expected classes below ${mostClassesInSets}`,
  );
}

export function highestClass(targets: readonly ClassTarget[]): number {
  return Math.max(0, ...targets.flat().filter((target) => target !== "ignore"));
}

export function encodeTarget(target: ClassTarget, kind: TargetKind): number {
  if (target === "ignore") return ignoredTarget(kind);
  if (typeof target === "number") return kind === "index" ? target : (1 << target) >>> 0;
  return target.reduce((bits, index) => (bits | (1 << index)) >>> 0, 0);
}

/** Of a pixel that counts nowhere. */
export function ignoredTarget(kind: TargetKind): number {
  return kind === "index" ? ignoreIndex : ignoredSet;
}

/** The class, where the target is exactly one; undefined for ignored pixels and for those of several classes. */
export function singleClass(target: number, kind: TargetKind): number | undefined {
  if (kind === "index") return target === ignoreIndex ? undefined : target;
  const isSingle = target !== 0 && (target & (target - 1)) === 0;
  return isSingle ? 31 - Math.clz32(target) : undefined;
}

/** Looks targets up. */
export class ClassMap {
  readonly #ranges: readonly LabelRange[];
  readonly #targets: Uint32Array;
  readonly #known: Uint8Array;

  constructor(ranges: readonly LabelRange[], kind: TargetKind) {
    const size = 1 + Math.max(0, ...ranges.map(({ last }) => last));
    this.#ranges = ranges;
    this.#targets = new Uint32Array(size);
    this.#known = new Uint8Array(size);
    for (const { first, last, target } of ranges) {
      this.#targets.fill(encodeTarget(target, kind), first, last + 1);
      this.#known.fill(1, first, last + 1);
    }
  }

  /** Targets of a slice's labels. Throws FormatError that names the file, the slice and the first label without a class. */
  apply(labels: ArrayLike<number>, where: string): Uint32Array {
    const targets = new Uint32Array(labels.length);
    for (let n = 0; n < labels.length; n++) {
      const label = labels[n]!;
      if (!this.#known[label]) throw this.#unknown(label, where);
      targets[n] = this.#targets[label]!;
    }
    return targets;
  }

  #unknown(label: number, where: string): FormatError {
    const known = this.#ranges.map(({ first, last }) => (first === last ? `${first}` : `${first}-${last}`));
    return new FormatError(`${where}: label ${label} has no class, expected one of ${known.join(", ")}`);
  }
}
