// Attributes, shapes and costs of convolutions and transposed ones, on images and on volumes.
import { ShapeError } from "../../errors.ts";
import { elementCount, formatShape, type TensorType } from "../../tensor.ts";
import { type Cost, operandBytes } from "../cost.ts";
import type { AtLeast, Call, Kernel } from "../operator.ts";
import { dimensions } from "../walk/dimensions.ts";
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

/** One use of a convolution, transposed or not: its inputs are x and weight. */
export type ConvCall<A extends ConvAttributes = ConvAttributes> = Call<A, 2>;
export type ConvKernel<A extends ConvAttributes = ConvAttributes> = Kernel<A, 2>;

/** The attributes along each axis after N and C. */
export function axesOf({ stride, padding, dilation }: ConvAttributes) {
  return stride.map((step, axis) => ({
    stride: step,
    dilation: dilation[axis]!,
    before: padding[axis]!,
    after: padding[axis + stride.length]!,
  }));
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
  const most = axesOf(attrs).map((axis) => Math.max(axis.stride, axis.dilation) - 1);
  const outputPadding = space.size(`${name}: outputPadding`, given.outputPadding ?? 0, 0);
  if (most.some((size, axis) => outputPadding[axis]! > size)) {
    throw new ShapeError(
      `${name}: outputPadding is ${formatShape(outputPadding)}, expected less than stride ` +
        `${formatShape(stride)} or dilation ${formatShape(dilation)} along each axis`,
    );
  }
  return { ...attrs, outputPadding };
}

/** The sizes of x and weight. Throws ShapeError unless both are floats of the space. */
function inputSizes(name: string, space: Space<SpaceTypes>, inputs: AtLeast<TensorType, 2>, weightFormat: string) {
  const [x, weight] = inputs;
  const dtype = floatType(name, inputs);
  requireRank(name, "x", x, space.rank, space.format);
  requireRank(name, "weight", weight, space.rank, weightFormat);
  return { dtype, x: dimensions(x.shape, 2), weight: dimensions(weight.shape, 2) };
}

/** Throws ShapeError. */
export function convShape<T extends SpaceTypes>(
  name: string,
  space: Space<T>,
  inputs: AtLeast<TensorType, 2>,
  attrs: ConvAttributes<T>,
): AtLeast<TensorType, 1> {
  const weightFormat = `[K, C/groups, ${space.taps}]`;
  const { dtype, x, weight } = inputSizes(name, space, inputs, weightFormat);
  const { groups } = attrs;
  const [items, channels] = x;
  const [outChannels, groupChannels, ...kernel] = weight;
  if (groupChannels * groups !== channels || outChannels % groups !== 0) {
    throw new ShapeError(
      `${name}: channels do not match: got x ${formatShape(x)} and weight ${formatShape(weight)} with ` +
        `groups ${groups}, expected weight ${weightFormat} with C = ${channels} and K a multiple of groups`,
    );
  }
  const output = [items, outChannels, ...windowCounts(x, { ...attrs, kernel })];
  requireOutput(name, output, x);
  return [{ shape: output, dtype }];
}

/** Throws ShapeError. */
export function convTransposeShape<T extends SpaceTypes>(
  name: string,
  space: Space<T>,
  inputs: AtLeast<TensorType, 2>,
  attrs: ConvTransposeAttributes<T>,
): AtLeast<TensorType, 1> {
  const weightFormat = `[C, K/groups, ${space.taps}]`;
  const { dtype, x, weight } = inputSizes(name, space, inputs, weightFormat);
  const { groups, outputPadding } = attrs;
  const [items, channels, ...sizes] = x;
  const [weightChannels, groupOutChannels, ...kernel] = weight;
  if (weightChannels !== channels || channels % groups !== 0) {
    throw new ShapeError(
      `${name}: channels do not match: got x ${formatShape(x)} and weight ` +
        `${formatShape(weight)} with groups ${groups}, expected weight ${weightFormat} with ` +
        `C = ${channels}, a multiple of groups`,
    );
  }
  const outSizes = axesOf(attrs).map(({ stride, dilation, before, after }, axis) => {
    const reach = dilation * (kernel[axis]! - 1) + outputPadding[axis]! + 1;
    return (sizes[axis]! - 1) * stride - before - after + reach;
  });
  const output = [items, groupOutChannels * groups, ...outSizes];
  requireOutput(name, output, x);
  return [{ shape: output, dtype }];
}

/** Products along the weight's last three or four axes for each of those elements. */
function productCost(call: Call<object, 2>, elements: TensorType): Cost {
  const [, weight] = call.inputs;
  return { flop: 2 * elementCount(elements.shape) * elementCount(weight.shape.slice(1)), bytes: operandBytes(call) };
}

/** Every output takes a product per tap and input channel of its group. */
export function convCost(call: Call<object, 2>): Cost {
  return productCost(call, call.outputs[0]);
}

/** Every input gives a product per tap and output channel of its group. */
export function convTransposeCost(call: Call<object, 2>): Cost {
  return productCost(call, call.inputs[0]);
}
