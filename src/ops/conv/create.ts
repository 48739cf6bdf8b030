// What the records of convolutions of images and of volumes have in common, and those of transposed ones. Each of a pair is
// the other's gradient with respect to its input, so the other is handed in.
import { fanInUniform } from "../initial.ts";
import type { Decomposition, Operator } from "../operator.ts";
import type { Space, SpaceTypes } from "../walk/window.ts";
import { depthwise } from "./depthwise.ts";
import { direct } from "./direct.ts";
import { withFittingPacks } from "./fitting-packs.ts";
import { gemmKernels } from "./gemm.ts";
import { convGradient, convTransposeGradient } from "./gradients.ts";
import { inItemParts } from "./item-parts.ts";
import { pointwiseSubgroup } from "./pointwise.ts";
import { preferConv } from "./preference.ts";
import {
  type ConvAttributes,
  type ConvGiven,
  type ConvKernel,
  type ConvTransposeAttributes,
  type ConvTransposeGiven,
  convAttributes,
  convCost,
  convShape,
  convTransposeAttributes,
  convTransposeCost,
  convTransposeShape,
} from "./rules.ts";
import { subgroup } from "./subgroup.ts";
import { tiled } from "./tiled.ts";
import { flipped } from "./transpose-flipped.ts";
import { transposedGather, transposedPhase } from "./transpose-kernels.ts";

export type Conv<T extends SpaceTypes> = Operator<ConvAttributes<T>, ConvGiven<T>, 2>;
export type ConvTranspose<T extends SpaceTypes> = Operator<ConvTransposeAttributes<T>, ConvTransposeGiven<T>, 2>;

/** What one space has beside the kernels that both share. */
interface Own<A extends ConvAttributes> {
  readonly kernels?: readonly ConvKernel<A>[];
  readonly decompositions?: readonly Decomposition<A, 2>[];
}

export function createConv<T extends SpaceTypes>(
  name: string,
  space: Space<T>,
  transposed: () => ConvTranspose<T>,
  { kernels = [], decompositions = [] }: Own<ConvAttributes<T>> = {},
): Conv<T> {
  const operator: Conv<T> = {
    name,
    epilogue: true,
    attributes: (given) => convAttributes(name, space, given),
    shape: (inputs, attrs) => convShape(name, space, inputs, attrs),
    cost: convCost,
    initial: fanInUniform,
    gradient: convGradient(transposed),
    channelScale: () => ({ input: 1, axis: 0 }),
    kernels: [
      direct(name, false),
      ...gemmKernels(name, false),
      pointwiseSubgroup(name),
      tiled(name, 4),
      tiled(name, 8),
      subgroup(name, false),
      depthwise(name),
      ...kernels,
    ].map((kernel) => withFittingPacks(inItemParts(kernel, 2))),
    decompositions,
    prefer: (call, device) => preferConv(operator, call, device, false),
  };
  return operator;
}

export function createConvTranspose<T extends SpaceTypes>(
  name: string,
  space: Space<T>,
  conv: () => Conv<T>,
  { kernels = [] }: Own<ConvTransposeAttributes<T>> = {},
): ConvTranspose<T> {
  const operator: ConvTranspose<T> = {
    name,
    epilogue: true,
    attributes: (given) => convTransposeAttributes(name, space, given),
    shape: (inputs, attrs) => convTransposeShape(name, space, inputs, attrs),
    cost: convTransposeCost,
    initial: fanInUniform,
    gradient: convTransposeGradient(conv),
    channelScale: ({ groups }) => (groups === 1 ? { input: 1, axis: 1 } : undefined),
    kernels: [
      direct(name, true),
      transposedGather(name),
      ...gemmKernels(name, true),
      transposedPhase(name),
      subgroup(name, true),
      ...kernels,
    ].map((kernel) => withFittingPacks(inItemParts(kernel, 2))),
    decompositions: [flipped(name, conv)],
    prefer: (call, device) => preferConv(operator, call, device, true),
  };
  return operator;
}
