// Average pooling of images and volumes to a given size; with size 1 the global average.
import {
  adaptiveAveragePool3dParams,
  adaptiveAveragePoolLanes,
  adaptiveAveragePoolParams,
  adaptiveAveragePool as adaptiveAveragePoolShader,
  adaptiveAveragePoolShared,
} from "../../../shaders/pool/adaptive-average-pool.wgsl.ts";
import { ShapeError } from "../../errors.ts";
import { elementCount, formatShape } from "../../tensor.ts";
import { operandBytes } from "../cost.ts";
import type { Call, Kernel, Operator } from "../operator.ts";
import { params } from "../parameters.ts";
import { dimensions } from "../walk/dimensions.ts";
import { floatType, storageOf } from "../walk/operands.ts";
import { outputPlanes, planeGrid, planeValues, volumeValues } from "../walk/planes.ts";
import {
  coverage,
  type ImageTypes,
  image,
  requireRank,
  type Space,
  type SpaceTypes,
  type VolumeTypes,
  volume,
} from "../walk/window.ts";
import type { AdaptiveAveragePoolAttributes } from "./attributes.ts";
import { adaptiveAveragePoolGradient } from "./average-pool-gradient.ts";

interface AdaptiveAveragePoolGiven<T extends SpaceTypes> {
  /** 1 averages each whole plane. */
  readonly outputSize: T["givenSize"];
}

export type AdaptiveAveragePool2dAttributes = AdaptiveAveragePoolAttributes<ImageTypes>;
export type AdaptiveAveragePool2dGiven = AdaptiveAveragePoolGiven<ImageTypes>;
export type AdaptiveAveragePool3dAttributes = AdaptiveAveragePoolAttributes<VolumeTypes>;
export type AdaptiveAveragePool3dGiven = AdaptiveAveragePoolGiven<VolumeTypes>;

type AdaptiveKernel = Kernel<AdaptiveAveragePoolAttributes>;

function paramsOf(call: Call, isVolume: boolean) {
  const values = { ...planeValues(call), ...volumeValues(call) };
  return params(isVolume ? adaptiveAveragePool3dParams : adaptiveAveragePoolParams, values);
}

const directKernel = (name: string, isVolume: boolean): AdaptiveKernel => ({
  name: `${name}/direct`,
  applies: () => true,
  views: [0],
  dispatches(call, device) {
    const { grid, workgroups } = planeGrid(outputPlanes(call), device);
    return [
      {
        code: adaptiveAveragePoolShader({ volume: isVolume, storage: storageOf(call), grid }),
        bindings: [{ input: 0 }, { output: 0 }],
        params: paramsOf(call, isVolume),
        workgroups,
      },
    ];
  },
});

/** For windows with work for all lanes. Software adapters pay dearly for barriers: 5 times the direct kernel on large windows. */
const sharedKernel = (name: string, isVolume: boolean): AdaptiveKernel => ({
  name: `${name}/shared`,
  applies(call, device) {
    const { height, width } = outputPlanes(call);
    const limit = device.maxWorkgroupsPerDimension;
    const isLarge = windowPixels(call) >= 2 * adaptiveAveragePoolLanes;
    return device.kind === "hardware" && isLarge && height <= limit && width <= limit;
  },
  views: [0],
  dispatches(call, device) {
    const { planes, height, width } = outputPlanes(call);
    return [
      {
        code: adaptiveAveragePoolShared({ volume: isVolume, storage: storageOf(call) }),
        bindings: [{ input: 0 }, { output: 0 }],
        params: paramsOf(call, isVolume),
        workgroups: [width, height, Math.min(planes, device.maxWorkgroupsPerDimension)],
      },
    ];
  },
});

/** Pixels of a window, on average. */
function windowPixels(call: Call): number {
  return summands(call) / elementCount(call.outputs[0].shape);
}

/** Additions of all windows together, which overlap where sizes do not divide. */
function summands({ inputs, outputs }: Call): number {
  const [items, channels, ...sizes] = dimensions(inputs[0].shape, 2);
  const outSizes = outputs[0].shape.slice(2);
  return sizes.reduce((sum, size, axis) => sum * coverage(size, outSizes[axis]!), items * channels);
}

const adaptiveAveragePool = <T extends SpaceTypes>(
  name: string,
  space: Space<T>,
): Operator<AdaptiveAveragePoolAttributes<T>, AdaptiveAveragePoolGiven<T>> => {
  const direct = directKernel(name, space.rank === volume.rank);
  const shared = sharedKernel(name, space.rank === volume.rank);
  return {
    name,
    attributes: ({ outputSize }) => ({ outputSize: space.size(`${name}: outputSize`, outputSize, 1) }),
    shape(inputs, { outputSize }) {
      const [x] = inputs;
      const dtype = floatType(name, inputs);
      requireRank(name, "x", x, space.rank, space.format);
      if (outputSize.some((size, axis) => (x.shape[axis + 2]! + 1) * (size + 1) >= 2 ** 32))
        throw new ShapeError(
          `${name}: got outputSize ${formatShape(outputSize)}, expected input size * output size below 2^32 ` +
            `along each axis (input shapes: ${formatShape(x.shape)})`,
        );
      return [{ shape: [...x.shape.slice(0, 2), ...outputSize], dtype }];
    },
    cost: (call) => ({ flop: summands(call), bytes: operandBytes(call) }),
    kernels: [direct, shared],
    prefer: (call, device) => (shared.applies(call, device) ? shared : direct).name,
    gradient: ({ inputs: [x], gy, attrs, type, apply }) => [
      apply(adaptiveAveragePoolGradient, [gy], { ...attrs, inputSize: type(x).shape.slice(2) }),
    ],
  };
};

/**
 * Averages windows chosen so that the output has the given size.
 * - x: [N, C, H, W]; output: [N, C, outputSize]
 * - window i covers rows floor(i*H / height) to ceil((i + 1)*H / height) - 1: windows overlap where sizes do not divide,
 *   and the output may be larger than the input.
 * - gradient: each window's in equal shares to its pixels; it keeps nothing.
 * Throws ShapeError if x is not [N, C, H, W] or the sizes are too large for the kernels' 32-bit indices.
 * Source: https://pytorch.org/docs/stable/generated/torch.nn.AdaptiveAvgPool2d.html
 */
export const adaptiveAveragePool2d = adaptiveAveragePool("adaptiveAveragePool2d", image);

/**
 * As {@link adaptiveAveragePool2d} on volumes.
 * - x: [N, C, D, H, W]; output: [N, C, outputSize]
 * Source: https://pytorch.org/docs/stable/generated/torch.nn.AdaptiveAvgPool3d.html
 */
export const adaptiveAveragePool3d = adaptiveAveragePool("adaptiveAveragePool3d", volume);
