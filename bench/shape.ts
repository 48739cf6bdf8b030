// Convolutions in one line of text, as in `1,64,128,128 k3 c64 d2`, to name them and to ask for them; five sizes are a
// volume's.
import { UsageError } from "../src/errors.ts";
import { conv2d, convTranspose2d } from "../src/ops/conv/conv2d.ts";
import { conv3d, convTranspose3d } from "../src/ops/conv/conv3d.ts";
import type { ConvTransposeGiven } from "../src/ops/conv/rules.ts";
import type { Operator } from "../src/ops/operator.ts";
import type { SpaceTypes } from "../src/ops/walk/window.ts";
import type { Shape } from "../src/tensor.ts";

type Given = ConvTransposeGiven<SpaceTypes>;

export interface ConvSpec {
  /** As it was parsed. */
  readonly text: string;
  readonly operator: Operator<object, Given>;
  /** [N, C, H, W] or [N, C, D, H, W] */
  readonly input: Shape;
  readonly weight: Shape;
  readonly outChannels: number;
  readonly given: Given;
}

const shapeSyntax = `N,C,[D,]H,W k[Tx]R[xS] cK [sSTRIDE] [dDILATION] [pPADDING] [gGROUPS] [t] [oOUTPUTPADDING]
  k kernel, c output channels; t: transposed; padding by default as keeps the size at stride 1 (transposed: 0)`;

/** Throws UsageError that names the word. */
export function parseConv(text: string): ConvSpec {
  const [shape, ...words] = text.trim().split(/\s+/);
  const fail = (what: string): never => {
    throw new UsageError(`--conv "${text}": ${what}, expected ${shapeSyntax}`);
  };
  const input = /^\d+(,\d+){3,4}$/.test(shape ?? "") ? shape!.split(",").map(Number) : fail(`shape is "${shape}"`);
  if (input.some((size) => size < 1)) fail(`shape is "${shape}"`);
  const axes = input.length - 2;
  const expand = (sizes: readonly number[]) => {
    if (sizes.length === 1) return Array.from({ length: axes }, () => sizes[0]!);
    return sizes.length === axes ? sizes : undefined;
  };
  const numbers = new Map<string, number>();
  let kernel: readonly number[] | undefined;
  for (const word of words) {
    const match = /^([a-z])(\d*)((?:x\d+)*)$/.exec(word);
    const letter = match?.[1] ?? "";
    if (!match || !"kcsdpgto".includes(letter) || (letter === "t") !== (match[2] === "")) fail(`"${word}" is no part`);
    const others = match![3]!.split("x").slice(1).map(Number);
    if (others.length > 0 && letter !== "k") fail(`"${word}" is no part`);
    if (letter === "k") kernel = expand([Number(match![2]), ...others]) ?? fail(`"${word}" has another number of axes`);
    else numbers.set(letter, letter === "t" ? 1 : Number(match![2]));
  }
  const taps = kernel ?? fail("kernel k is missing");
  const outChannels = numbers.get("c") ?? fail("output channels c are missing");
  const [groups, dilation, stride] = [numbers.get("g") ?? 1, numbers.get("d") ?? 1, numbers.get("s") ?? 1];
  const transposed = numbers.has("t");
  const same = transposed ? 0 : undefined;
  const padding = numbers.get("p") ?? same;
  const given = { stride, padding: taps.map((size) => padding ?? (dilation * (size - 1)) >> 1), dilation, groups };
  const channels = input[1]!;
  if (channels % groups !== 0 || outChannels % groups !== 0) fail(`groups ${groups} do not divide the channels`);
  if (!transposed) {
    const weight = [outChannels, channels / groups, ...taps];
    return { text, operator: axes === 3 ? conv3d : conv2d, input, weight, outChannels, given };
  }
  const weight = [channels, outChannels / groups, ...taps];
  const outputPadding = numbers.get("o") ?? 0;
  const operator = axes === 3 ? convTranspose3d : convTranspose2d;
  return { text, operator, input, weight, outChannels, given: { ...given, outputPadding } };
}

/** `conv 3x3 64->64 64x64`, `conv 3x3x3 16->32 32x64x64`, with batch, stride, dilation and groups where they are not 1. */
export function describe({ operator, input, weight, outChannels, given }: ConvSpec): string {
  const [items, channels, ...sizes] = input as [number, number, ...number[]];
  const { stride, dilation, groups } = given;
  const kind = operator.name.startsWith("convTranspose") ? "convT" : "conv";
  const parts = [`${kind} ${weight.slice(2).join("x")} ${channels}->${outChannels} ${sizes.join("x")}`];
  if (items !== 1) parts.push(`n${items}`);
  if (stride !== undefined && stride !== 1) parts.push(`s${stride}`);
  if (dilation !== undefined && dilation !== 1) parts.push(`d${dilation}`);
  if (groups !== undefined && groups !== 1) parts.push(groups === channels ? "depthwise" : `g${groups}`);
  return parts.join(" ");
}
