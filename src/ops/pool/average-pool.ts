// Average pooling of images and volumes.
import {
  averagePool3dParams,
  averagePoolParams,
  averagePool as averagePoolShader,
} from "../../../shaders/pool/average-pool.wgsl.ts";
import { ShapeError } from "../../errors.ts";
import { elementCount } from "../../tensor.ts";
import { operandBytes } from "../cost.ts";
import type { Kernel, Operator } from "../operator.ts";
import { params } from "../parameters.ts";
import { storageOf } from "../walk/operands.ts";
import { asSides3d, outputPlanes, planeGrid, planeValues, volumeValues, windowValues } from "../walk/planes.ts";
import { type ImageTypes, image, type Space, type SpaceTypes, type VolumeTypes, volume } from "../walk/window.ts";
import { type AveragePoolAttributes, type PoolGiven, poolAttributes, poolShape } from "./attributes.ts";
import { averagePoolGradient } from "./average-pool-gradient.ts";

interface AveragePoolGiven<T extends SpaceTypes> extends PoolGiven<T> {
  /** Keep a last window that only partly fits. Default false. */
  readonly ceilMode?: boolean;
  /** Divide by the pixels of a window in the image and its padding, not only in the image. Default true. */
  readonly countIncludePad?: boolean;
  /** Divide by this integer instead. */
  readonly divisorOverride?: number;
}

export type AveragePool2dAttributes = AveragePoolAttributes<ImageTypes>;
export type AveragePool2dGiven = AveragePoolGiven<ImageTypes>;
export type AveragePool3dAttributes = AveragePoolAttributes<VolumeTypes>;
export type AveragePool3dGiven = AveragePoolGiven<VolumeTypes>;

const direct = <T extends SpaceTypes>(name: string, space: Space<T>): Kernel<AveragePoolAttributes<T>> => ({
  name: `${name}/direct`,
  applies: () => true,
  views: [0],
  dispatches(call, device) {
    const { countIncludePad, divisorOverride } = call.attrs;
    const isVolume = space.rank === volume.rank;
    const [, , , back, bottom, right] = asSides3d(call.attrs.padding);
    const { grid, workgroups } = planeGrid(outputPlanes(call), device);
    const counted = countIncludePad ? "padded" : "image";
    const values = {
      ...planeValues(call),
      ...volumeValues(call),
      ...windowValues(call.attrs),
      pad_back: back,
      pad_bottom: bottom,
      pad_right: right,
      fixed_divisor: divisorOverride ?? 1,
    };
    return [
      {
        code: averagePoolShader({
          volume: isVolume,
          storage: storageOf(call),
          divisor: divisorOverride === undefined ? counted : "fixed",
          grid,
        }),
        bindings: [{ input: 0 }, { output: 0 }],
        params: params(isVolume ? averagePool3dParams : averagePoolParams, values),
        workgroups,
      },
    ];
  },
});

const averagePool = <T extends SpaceTypes>(
  name: string,
  space: Space<T>,
): Operator<AveragePoolAttributes<T>, AveragePoolGiven<T>> => ({
  name,
  attributes(given) {
    const { divisorOverride } = given;
    if (divisorOverride === 0 || !Number.isSafeInteger(divisorOverride ?? 1))
      throw new ShapeError(`${name}: divisorOverride is ${divisorOverride}, expected an integer other than 0`);
    return {
      ...poolAttributes(name, space, given),
      ceilMode: given.ceilMode ?? false,
      countIncludePad: given.countIncludePad ?? true,
      divisorOverride,
    };
  },
  shape: (inputs, attrs) => [poolShape(name, space, inputs, attrs)],
  cost: (call) => ({
    flop: elementCount(call.outputs[0].shape) * elementCount(call.attrs.kernel),
    bytes: operandBytes(call),
  }),
  kernels: [direct(name, space)],
  gradient: ({ inputs: [x], gy, attrs, type, apply }) => [
    apply(averagePoolGradient, [gy], { ...attrs, inputSize: type(x).shape.slice(2) }),
  ],
});

/**
 * Averages each kernel window.
 * - x: [N, C, H, W]; output: [N, C, floor((H + top + bottom - kernel) / stride) + 1, ...], rounded up in ceil mode unless
 *   the last window would start in the padding behind the image.
 * - divisor: the pixels of the window, zeros of the padding among them unless `countIncludePad` is false. What a last
 *   window in ceil mode has beyond the padding never counts.
 * - gradient: each window's in equal shares to its pixels; it keeps nothing.
 * Throws ShapeError if x is not [N, C, H, W], the padding exceeds half the kernel, or the window does not fit.
 * Source: https://pytorch.org/docs/stable/generated/torch.nn.AvgPool2d.html
 */
export const averagePool2d = averagePool("averagePool2d", image);

/**
 * As {@link averagePool2d} on volumes.
 * - x: [N, C, D, H, W]; output: [N, C, floor((D + front + back - kernel) / stride) + 1, ...]
 * Source: https://pytorch.org/docs/stable/generated/torch.nn.AvgPool3d.html
 */
export const averagePool3d = averagePool("averagePool3d", volume);
