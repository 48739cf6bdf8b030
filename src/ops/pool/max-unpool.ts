// The partial inverse of max pooling, of images and volumes.
import { maxUnpool as maxUnpoolShader } from "../../../shaders/pool/max-unpool.wgsl.ts";
import { ShapeError } from "../../errors.ts";
import { formatShape } from "../../tensor.ts";
import { operandBytes } from "../cost.ts";
import type { Operator } from "../operator.ts";
import { floatType } from "../walk/operands.ts";
import {
  type ImageTypes,
  image,
  requireOutput,
  requireRank,
  type Space,
  type SpaceTypes,
  type VolumeTypes,
  volume,
} from "../walk/window.ts";
import { type MaxUnpoolAttributes, type PoolGiven, poolAttributes } from "./attributes.ts";
import { maxUnpoolGradient, unpoolKernel } from "./max-unpool-gradient.ts";

/** As for the pool that this operator undoes. */
interface MaxUnpoolGiven<T extends SpaceTypes> extends PoolGiven<T> {
  /** Of the pool's input, which several sizes can have been. Default: the smallest that its windows fill. */
  readonly outputSize?: T["givenSize"];
}

export type MaxUnpool2dAttributes = MaxUnpoolAttributes<ImageTypes>;
export type MaxUnpool2dGiven = MaxUnpoolGiven<ImageTypes>;
export type MaxUnpool3dAttributes = MaxUnpoolAttributes<VolumeTypes>;
export type MaxUnpool3dGiven = MaxUnpoolGiven<VolumeTypes>;

const maxUnpool = <T extends SpaceTypes>(
  name: string,
  space: Space<T>,
): Operator<MaxUnpoolAttributes<T>, MaxUnpoolGiven<T>, 2> => ({
  name,
  attributes: (given) => ({
    ...poolAttributes(name, space, given),
    outputSize: given.outputSize === undefined ? undefined : space.size(`${name}: outputSize`, given.outputSize, 1),
  }),
  shape([x, indices], { kernel, stride, padding, outputSize }) {
    const dtype = floatType(name, [x]);
    requireRank(name, "x", x, space.rank, space.format);
    if (indices.dtype !== "i32" || formatShape(indices.shape) !== formatShape(x.shape))
      throw new ShapeError(
        `${name}: indices are ${indices.dtype} ${formatShape(indices.shape)}, expected i32 of x's shape ${formatShape(x.shape)}`,
      );
    const fitting = kernel.map(
      (size, axis) => (x.shape[axis + 2]! - 1) * stride[axis]! + size - padding[axis]! - padding[axis + kernel.length]!,
    );
    if (outputSize?.some((size, axis) => Math.abs(size - fitting[axis]!) >= stride[axis]!))
      throw new ShapeError(
        `${name}: outputSize is ${formatShape(outputSize)}, expected less than the stride ${formatShape(stride)} away ` +
          `from ${formatShape(fitting)} along each axis (input shapes: ${formatShape(x.shape)})`,
      );
    const shape = [...x.shape.slice(0, 2), ...(outputSize ?? fitting)];
    requireOutput(name, shape, x.shape);
    return [{ shape, dtype }];
  },
  cost: (call) => ({ flop: 0, bytes: operandBytes(call) }),
  kernels: [unpoolKernel(`${name}/gather`, maxUnpoolShader)],
  gradient: ({ inputs: [, indices], gy, attrs, apply }) => [apply(maxUnpoolGradient, [gy, indices], attrs)],
});

/**
 * Puts each maximum back where its pool found it, and zeros elsewhere.
 * - x: [N, C, P, Q]; indices: i32, of the same shape, as `maxPool2d` gives them with the same kernel, stride and padding;
 *   output: [N, C, (P - 1)*stride - top - bottom + kernel, ...], or [N, C, outputSize].
 * - where windows overlap and chose the same pixel, the last in row-major order wins (PyTorch: any). An index outside of
 *   its own window, which no pool without dilation gives, is left out.
 * - gradient: that of the pixel, for each window that chose it, as in PyTorch. It keeps the indices.
 * Throws ShapeError if x is not [N, C, H, W], indices are not i32 of its shape, the padding exceeds half the kernel, or
 * outputSize is no size that such a pool can have had as input.
 * Source: https://pytorch.org/docs/stable/generated/torch.nn.MaxUnpool2d.html
 */
export const maxUnpool2d = maxUnpool("maxUnpool2d", image);

/**
 * As {@link maxUnpool2d} on volumes: x: [N, C, Z, P, Q], indices as `maxPool3d` gives them.
 * Source: https://pytorch.org/docs/stable/generated/torch.nn.MaxUnpool3d.html
 */
export const maxUnpool3d = maxUnpool("maxUnpool3d", volume);
