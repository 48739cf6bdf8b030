// Convolutions in one line of text, as in `1,64,128,128 k3 c64 d2`, to name them and to ask for them.
import { UsageError } from "../src/errors.ts";
import { convTranspose2d } from "../src/ops/conv-transpose2d.ts";
import { type Conv2dGiven, conv2d } from "../src/ops/conv2d.ts";
import type { Operator } from "../src/ops/operator.ts";
import type { Shape } from "../src/tensor.ts";

export interface ConvSpec {
  /** As it was parsed. */
  readonly text: string;
  readonly operator: Operator<object, Conv2dGiven>;
  /** [N, C, H, W] */
  readonly input: Shape;
  readonly weight: Shape;
  readonly outChannels: number;
  readonly given: Conv2dGiven & { readonly outputPadding?: number };
}

export const shapeSyntax = `N,C,H,W kR[xS] cK [sSTRIDE] [dDILATION] [pPADDING] [gGROUPS] [t] [oOUTPUTPADDING]
  k kernel, c output channels; t: transposed; padding by default as keeps the size at stride 1 (transposed: 0)`;

/** Throws UsageError that names the word. */
export function parseConv(text: string): ConvSpec {
  const [shape, ...words] = text.trim().split(/\s+/);
  const fail = (what: string): never => {
    throw new UsageError(`--conv "${text}": ${what}, expected ${shapeSyntax}`);
  };
  const input = /^\d+,\d+,\d+,\d+$/.test(shape ?? "") ? shape!.split(",").map(Number) : fail(`shape is "${shape}"`);
  if (input.some((size) => size < 1)) fail(`shape is "${shape}"`);
  const numbers = new Map<string, number>();
  let kernel: readonly [number, number] | undefined;
  for (const word of words) {
    const match = /^([a-z])(\d*)(?:x(\d+))?$/.exec(word);
    const letter = match?.[1] ?? "";
    if (!match || !"kcsdpgto".includes(letter) || (letter === "t") !== (match[2] === "")) fail(`"${word}" is no part`);
    if (match?.[3] !== undefined && letter !== "k") fail(`"${word}" is no part`);
    if (letter === "k") kernel = [Number(match![2]), Number(match![3] ?? match![2])];
    else numbers.set(letter, letter === "t" ? 1 : Number(match![2]));
  }
  const [rows, columns] = kernel ?? fail("kernel k is missing");
  const outChannels = numbers.get("c") ?? fail("output channels c are missing");
  const [groups, dilation, stride] = [numbers.get("g") ?? 1, numbers.get("d") ?? 1, numbers.get("s") ?? 1];
  const transposed = numbers.has("t");
  const same = transposed ? 0 : undefined;
  const padding = numbers.get("p") ?? same;
  const sides = [padding ?? (dilation * (rows - 1)) >> 1, padding ?? (dilation * (columns - 1)) >> 1] as const;
  const given = { stride, padding: [sides[0], sides[1]] as const, dilation, groups };
  const channels = input[1]!;
  if (channels % groups !== 0 || outChannels % groups !== 0) fail(`groups ${groups} do not divide the channels`);
  if (!transposed) {
    const weight = [outChannels, channels / groups, rows, columns];
    return { text, operator: conv2d, input, weight, outChannels, given };
  }
  const weight = [channels, outChannels / groups, rows, columns];
  const outputPadding = numbers.get("o") ?? 0;
  return { text, operator: convTranspose2d, input, weight, outChannels, given: { ...given, outputPadding } };
}

/** `conv 3x3 64->64 64x64`, with batch, stride, dilation and groups where they are not 1. */
export function describe({ operator, input, weight, outChannels, given }: ConvSpec): string {
  const [items, channels, height, width] = input as [number, number, number, number];
  const { stride, dilation, groups } = given;
  const kind = operator.name === "conv2d" ? "conv" : "convT";
  const parts = [`${kind} ${weight[2]}x${weight[3]} ${channels}->${outChannels} ${height}x${width}`];
  if (items !== 1) parts.push(`n${items}`);
  if (stride !== undefined && stride !== 1) parts.push(`s${stride}`);
  if (dilation !== undefined && dilation !== 1) parts.push(`d${dilation}`);
  if (groups !== undefined && groups !== 1) parts.push(groups === channels ? "depthwise" : `g${groups}`);
  return parts.join(" ");
}
