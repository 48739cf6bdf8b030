// The generator's command line.

import { parseArgs } from "node:util";
import { UsageError } from "../../src/errors.ts";

export const usage = `usage: npm run phantom -- --task axial|sagittal --seeds FIRST[-LAST] --output DIR [--slices N] [--size N]
  axial     PNG slices with seven structures labelled, through three discs; --slices of each (3), --size in pixels (256)
  sagittal  NIfTI volumes with bodies, discs, sac and arches labelled; --slices of each (16 to 24, by seed)`;

export interface GeneratorArguments {
  readonly task: "axial" | "sagittal";
  readonly seeds: readonly number[];
  /** A folder. */
  readonly output: string;
  readonly options: { readonly slices?: number; readonly size?: number };
}

/** Throws UsageError that names the option. */
export function parseArguments(words: readonly string[]): GeneratorArguments {
  const { task, output, ...values } = parseOptions(words);
  if (task !== "axial" && task !== "sagittal") throw new UsageError(`--task: got ${task}, expected axial or sagittal`);
  if (output === undefined) throw new UsageError("--output: got none, expected a folder");
  const slices = parseNumber("slices", values.slices, 1, 64);
  const size = parseNumber("size", values.size, 32, 2048);
  if (task === "sagittal" && size !== undefined) throw new UsageError("--size: only axial slices have one");
  return {
    task,
    output,
    seeds: parseSeeds(values.seeds),
    options: { ...(slices && { slices }), ...(size && { size }) },
  };
}

function parseOptions(words: readonly string[]) {
  const text = { type: "string" } as const;
  try {
    const options = { task: text, seeds: text, output: text, slices: text, size: text };
    return parseArgs({ args: [...words], options }).values;
  } catch (error) {
    throw new UsageError(error instanceof Error ? error.message : String(error));
  }
}

function parseSeeds(text: string | undefined): number[] {
  const match = /^(\d{1,6})(?:-(\d{1,6}))?$/.exec(text ?? "");
  const first = Number(match?.[1]);
  const last = Number(match?.[2] ?? match?.[1]);
  if (!match || last < first) throw new UsageError(`--seeds: got ${text}, expected FIRST or FIRST-LAST, as 1-40`);
  return Array.from({ length: last - first + 1 }, (_, n) => first + n);
}

function parseNumber(name: string, text: string | undefined, low: number, high: number): number | undefined {
  if (text === undefined) return undefined;
  const value = Number(text);
  if (!/^\d+$/.test(text) || value < low || value > high)
    throw new UsageError(`--${name}: got ${text}, expected a whole number from ${low} to ${high}`);
  return value;
}
