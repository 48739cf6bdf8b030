// Attributes of pools and of what undoes them, on images and on volumes.
import type { TensorType } from "../../tensor.ts";
import type { AtLeast } from "../operator.ts";
import { floatType } from "../walk/operands.ts";
import {
  requireOutput,
  requirePoolPadding,
  requireRank,
  type Space,
  type SpaceTypes,
  windowCounts,
} from "../walk/window.ts";

export interface PoolAttributes<T extends SpaceTypes = SpaceTypes> {
  readonly kernel: T["size"];
  readonly stride: T["size"];
  readonly padding: T["sides"];
}

export interface PoolGiven<T extends SpaceTypes> {
  readonly kernel: T["givenSize"] | T["size"];
  /** Default: the kernel. */
  readonly stride?: T["givenSize"] | T["size"];
  /** Pixels around the input, at most half the kernel: zeros of an average, never a maximum. Default 0. */
  readonly padding?: T["givenSides"] | T["sides"];
}

export interface AveragePoolAttributes<T extends SpaceTypes = SpaceTypes> extends PoolAttributes<T> {
  readonly ceilMode: boolean;
  readonly countIncludePad: boolean;
  readonly divisorOverride: number | undefined;
}

export interface AdaptiveAveragePoolAttributes<T extends SpaceTypes = SpaceTypes> {
  readonly outputSize: T["size"];
}

export interface MaxPoolAttributes<T extends SpaceTypes = SpaceTypes> extends PoolAttributes<T> {
  readonly dilation: T["size"];
  readonly ceilMode: boolean;
  readonly indices: boolean;
}

export interface MaxUnpoolAttributes<T extends SpaceTypes = SpaceTypes> extends PoolAttributes<T> {
  readonly outputSize: T["size"] | undefined;
}

/** Throws ShapeError. */
export function poolAttributes<T extends SpaceTypes>(
  name: string,
  space: Space<T>,
  given: PoolGiven<T>,
): PoolAttributes<T> {
  const kernel = space.size(`${name}: kernel`, given.kernel, 1);
  const padding = space.sides(`${name}: padding`, given.padding ?? 0);
  requirePoolPadding(name, padding, kernel);
  return { kernel, stride: space.size(`${name}: stride`, given.stride ?? kernel, 1), padding };
}

/** One output per window that fits. Throws ShapeError. */
export function poolShape<T extends SpaceTypes>(
  name: string,
  space: Space<T>,
  inputs: AtLeast<TensorType, 1>,
  attrs: PoolAttributes<T> & { readonly dilation?: readonly number[]; readonly ceilMode: boolean },
) {
  const [x] = inputs;
  const dtype = floatType(name, inputs);
  requireRank(name, "x", x, space.rank, space.format);
  const shape = [...x.shape.slice(0, 2), ...windowCounts(x.shape, attrs)];
  requireOutput(name, shape, x.shape);
  return { shape, dtype };
}
