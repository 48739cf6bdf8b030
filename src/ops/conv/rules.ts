// Attributes, shapes and costs of convolutions and transposed ones, on images and on volumes.
import { ShapeError } from "../../errors.ts";
import { elementCount, formatShape, type TensorType } from "../../tensor.ts";
import { type Cost, operandBytes } from "../cost.ts";
import type { AtLeast, Call } from "../operator.ts";
import { floatType } from "../walk/operands.ts";
import { requireOutput, requireRank, type Space, type SpaceTypes, windowCounts } from "../walk/window.ts";

export interface ConvAttributes<T extends SpaceTypes = SpaceTypes> {
  readonly stride: T["size"];
  readonly padding: T["sides"];
  readonly dilation: T["size"];
  readonly groups: number;
}

export interface ConvGiven<T extends SpaceTypes> {
  /** Default 1. */
  readonly stride?: T["givenSize"];
  /** Zeros around the input. Default 0. */
  readonly padding?: T["givenSides"];
  /** Distance between the taps of a kernel. Default 1. */
  readonly dilation?: T["givenSize"];
  /** Blocks of channels that do not see each other. Default 1; C for a depthwise convolution. */
  readonly groups?: number;
}

export interface ConvTransposeAttributes<T extends SpaceTypes = SpaceTypes> extends ConvAttributes<T> {
  readonly outputPadding: T["size"];
}

/** As for a convolution, whose stride, padding and dilation a transposed one undoes. */
export interface ConvTransposeGiven<T extends SpaceTypes> extends ConvGiven<T> {
  /** Added behind the last element of the output along each axis. Default 0. */
  readonly outputPadding?: T["givenSize"];
}

/** Throws ShapeError. */
export function convAttributes<T extends SpaceTypes>(
  name: string,
  space: Space<T>,
  given: ConvGiven<T>,
): ConvAttributes<T> {
  const groups = given.groups ?? 1;
  if (!Number.isSafeInteger(groups) || groups < 1)
    throw new ShapeError(`${name}: groups is ${groups}, expected at least 1`);
  return {
    stride: space.size(`${name}: stride`, given.stride ?? 1, 1),
    padding: space.sides(`${name}: padding`, given.padding ?? 0),
    dilation: space.size(`${name}: dilation`, given.dilation ?? 1, 1),
    groups,
  };
}

/** Throws ShapeError. */
export function convTransposeAttributes<T extends SpaceTypes>(
  name: string,
  space: Space<T>,
  given: ConvTransposeGiven<T>,
): ConvTransposeAttributes<T> {
  const attrs = convAttributes(name, space, given);
  const { stride, dilation } = attrs;
  const outputPadding = space.size(`${name}: outputPadding`, given.outputPadding ?? 0, 0);
  if (outputPadding.some((size, axis) => size >= Math.max(stride[axis]!, dilation[axis]!))) {
    throw new ShapeError(
      `${name}: outputPadding is ${formatShape(outputPadding)}, expected less than stride ` +
        `${formatShape(stride)} or dilation ${formatShape(dilation)} along each axis`,
    );
  }
  return { ...attrs, outputPadding };
}

/** Throws ShapeError. */
export function convShape<T extends SpaceTypes>(
  name: string,
  space: Space<T>,
  inputs: readonly TensorType[],
  attrs: ConvAttributes<T>,
): AtLeast<TensorType, 1> {
  const [x, weight] = inputs as [TensorType, TensorType];
  const dtype = floatType(name, inputs);
  const weightFormat = `[K, C/groups, ${space.taps}]`;
  requireRank(name, "x", x, space.rank, space.format);
  requireRank(name, "weight", weight, space.rank, weightFormat);
  const { groups } = attrs;
  const [items, channels] = x.shape as [number, number];
  const [outChannels, groupChannels, ...kernel] = weight.shape as [number, number, ...number[]];
  if (groupChannels * groups !== channels || outChannels % groups !== 0) {
    throw new ShapeError(
      `${name}: channels do not match: got x ${formatShape(x.shape)} and weight ${formatShape(weight.shape)} with ` +
        `groups ${groups}, expected weight ${weightFormat} with C = ${channels} and K a multiple of groups`,
    );
  }
  const output = [items, outChannels, ...windowCounts(x.shape, { ...attrs, kernel })];
  requireOutput(name, output, x.shape);
  return [{ shape: output, dtype }];
}

/** Throws ShapeError. */
export function convTransposeShape<T extends SpaceTypes>(
  name: string,
  space: Space<T>,
  inputs: readonly TensorType[],
  attrs: ConvTransposeAttributes<T>,
): AtLeast<TensorType, 1> {
  const [x, weight] = inputs as [TensorType, TensorType];
  const dtype = floatType(name, inputs);
  const weightFormat = `[C, K/groups, ${space.taps}]`;
  requireRank(name, "x", x, space.rank, space.format);
  requireRank(name, "weight", weight, space.rank, weightFormat);
  const { stride, padding, dilation, groups, outputPadding } = attrs;
  const [items, channels, ...sizes] = x.shape as [number, number, ...number[]];
  const [weightChannels, groupOutChannels, ...kernel] = weight.shape as [number, number, ...number[]];
  if (weightChannels !== channels || channels % groups !== 0) {
    throw new ShapeError(
      `${name}: channels do not match: got x ${formatShape(x.shape)} and weight ` +
        `${formatShape(weight.shape)} with groups ${groups}, expected weight ${weightFormat} with ` +
        `C = ${channels}, a multiple of groups`,
    );
  }
  const outSizes = sizes.map((size, axis) => {
    const reach = dilation[axis]! * (kernel[axis]! - 1) + outputPadding[axis]! + 1;
    return (size - 1) * stride[axis]! - padding[axis]! - padding[axis + sizes.length]! + reach;
  });
  const output = [items, groupOutChannels * groups, ...outSizes];
  requireOutput(name, output, x.shape);
  return [{ shape: output, dtype }];
}

/** Every output takes a product per tap and input channel of its group. */
export function convCost(call: Call): Cost {
  const [, ...filter] = call.inputs[1]!.shape;
  return { flop: 2 * elementCount(call.outputs[0]!.shape) * elementCount(filter), bytes: operandBytes(call) };
}

/** Every input gives a product per tap and output channel of its group. */
export function convTransposeCost(call: Call): Cost {
  const [, ...filter] = call.inputs[1]!.shape;
  return { flop: 2 * elementCount(call.inputs[0]!.shape) * elementCount(filter), bytes: operandBytes(call) };
}
