// Max pooling of images and volumes.
import { maxPool3dParams, maxPoolParams, maxPool as maxPoolShader } from "../../../shaders/pool/max-pool.wgsl.ts";
import { elementCount } from "../../tensor.ts";
import { operandBytes } from "../cost.ts";
import type { Kernel, Operator } from "../operator.ts";
import { params, viewParams } from "../parameters.ts";
import { storageOf } from "../walk/operands.ts";
import { asTriple, outputPlanes, planeGrid, planeValues, volumeValues, windowValues } from "../walk/planes.ts";
import { type ImageTypes, image, type Space, type SpaceTypes, type VolumeTypes, volume } from "../walk/window.ts";
import { type MaxPoolAttributes, type PoolGiven, poolAttributes, poolShape } from "./attributes.ts";
import { maxPoolGradient } from "./max-pool-gradient.ts";

interface MaxPoolGiven<T extends SpaceTypes> extends PoolGiven<T> {
  /** Distance between the taps of a window. Default 1. */
  readonly dilation?: T["givenSize"] | T["size"];
  /** Keep a last window that only partly fits. Default false. */
  readonly ceilMode?: boolean;
  /** Also return where each maximum was. Default false. */
  readonly indices?: boolean;
}

export type MaxPool2dAttributes = MaxPoolAttributes<ImageTypes>;
export type MaxPool2dGiven = MaxPoolGiven<ImageTypes>;
export type MaxPool3dAttributes = MaxPoolAttributes<VolumeTypes>;
export type MaxPool3dGiven = MaxPoolGiven<VolumeTypes>;

const direct = <T extends SpaceTypes>(name: string, space: Space<T>): Kernel<MaxPoolAttributes<T>> => ({
  name: `${name}/direct`,
  applies: () => true,
  views: [0],
  dispatches(call, device) {
    const { indices } = call.attrs;
    const [y, indicesAt = y] = call.outputs;
    const isVolume = space.rank === volume.rank;
    const dilation = asTriple(call.attrs.dilation, 1);
    const { grid, workgroups } = planeGrid(outputPlanes(call), device);
    const values = {
      ...planeValues(call),
      ...volumeValues(call),
      ...viewParams("indices", indicesAt),
      ...windowValues(call.attrs),
      dilation_depth: dilation[0],
      dilation_height: dilation[1],
      dilation_width: dilation[2],
      lowest: Number.NEGATIVE_INFINITY,
    };
    return [
      {
        code: maxPoolShader({ volume: isVolume, storage: storageOf(call), indices, grid }),
        bindings: [{ input: 0 }, { output: 0 }, ...(indices ? [{ output: 1 }] : [])],
        params: params(isVolume ? maxPool3dParams : maxPoolParams, values),
        workgroups,
      },
    ];
  },
});

const maxPool = <T extends SpaceTypes>(name: string, space: Space<T>) => {
  const operator: Operator<MaxPoolAttributes<T>, MaxPoolGiven<T>> = {
    name,
    attributes: (given) => ({
      ...poolAttributes(name, space, given),
      dilation: space.size(`${name}: dilation`, given.dilation ?? 1, 1),
      ceilMode: given.ceilMode ?? false,
      indices: given.indices ?? false,
    }),
    shape(inputs, attrs) {
      const output = poolShape(name, space, inputs, attrs);
      return attrs.indices ? [output, { ...output, dtype: "i32" }] : [output];
    },
    cost: (call) => ({
      flop: elementCount(call.outputs[0].shape) * elementCount(call.attrs.kernel),
      bytes: operandBytes(call),
    }),
    kernels: [direct(name, space)],
    covers: ({ indices, ...window }, { indices: wanted, ...other }) =>
      (indices || !wanted) && JSON.stringify(window) === JSON.stringify(other),
    gradient({ inputs, outputs, gy, attrs, type, apply, applyAll }) {
      // The same pool once more, which merges with the first.
      const [, indices] = attrs.indices ? outputs : applyAll(operator, inputs, { ...attrs, indices: true });
      const inputSize = type(inputs[0]).shape.slice(2);
      return [apply(maxPoolGradient, [gy, indices!], { ...attrs, inputSize })];
    },
  };
  return operator;
};

/**
 * Takes the maximum over each kernel window.
 * - x: [N, C, H, W]; output: [N, C, floor((H + top + bottom - dilation*(kernel - 1) - 1) / stride) + 1, ...], rounded up
 *   in ceil mode unless the last window would start in the padding behind the image.
 * - with `indices` a second output, i32, of the same shape: h * W + w of the first maximum in row-major order.
 * - a NaN in the window wins (of several, the last), as in PyTorch. A window with no tap in the image, which only a
 *   dilation can make, gives -infinity and index -1 (PyTorch: an index outside of the image).
 * - gradient: goes to the pixel of the index. It keeps the indices, which the forward pass then writes too: a quarter of x for
 *   2x2 windows. To find the maxima again it would have to keep and to read x, and for each pixel all windows around it.
 * Throws ShapeError if x is not [N, C, H, W], the padding exceeds half the kernel, or the window does not fit.
 * Source: https://pytorch.org/docs/stable/generated/torch.nn.MaxPool2d.html
 */
export const maxPool2d = maxPool("maxPool2d", image);

/**
 * As {@link maxPool2d} on volumes.
 * - x: [N, C, D, H, W]; output: [N, C, floor((D + front + back - dilation*(kernel - 1) - 1) / stride) + 1, ...]
 * - indices: (d * H + h) * W + w.
 * Source: https://pytorch.org/docs/stable/generated/torch.nn.MaxPool3d.html
 */
export const maxPool3d = maxPool("maxPool3d", volume);
