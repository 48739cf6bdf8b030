// 2-D average pooling to a given size; with size 1 the global average.
import {
  adaptiveAveragePool,
  adaptiveAveragePoolLanes,
  adaptiveAveragePoolParams,
  adaptiveAveragePoolShared,
} from "../../shaders/adaptive-average-pool.wgsl.ts";
import { ShapeError } from "../errors.ts";
import { formatShape, type TensorType } from "../tensor.ts";
import { floatType, storageOf } from "./operands.ts";
import { type Call, type Kernel, type Operator, operandBytes, params } from "./operator.ts";
import { outputPlanes, planeGrid, planeValues } from "./planes.ts";
import { type Pair, pair, requireRank, type Size2d } from "./window.ts";

export interface AdaptiveAveragePool2dAttributes {
  readonly outputSize: Pair;
}

export interface AdaptiveAveragePool2dGiven {
  /** 1 averages each whole plane. */
  readonly outputSize: Size2d;
}

type AdaptiveCall = Call<AdaptiveAveragePool2dAttributes>;

const direct: Kernel<AdaptiveAveragePool2dAttributes> = {
  name: "adaptiveAveragePool2d/direct",
  applies: () => true,
  views: [0],
  dispatches(call, device) {
    const { workgroup, workgroups } = planeGrid(outputPlanes(call), device);
    return [
      {
        code: adaptiveAveragePool({ storage: storageOf(call), workgroup }),
        bindings: [{ input: 0 }, { output: 0 }],
        params: params(adaptiveAveragePoolParams, planeValues(call)),
        workgroups,
      },
    ];
  },
};

/** For windows with work for all lanes. Software adapters pay dearly for barriers: 5 times the direct kernel on large windows. */
const shared: Kernel<AdaptiveAveragePool2dAttributes> = {
  name: "adaptiveAveragePool2d/shared",
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
        code: adaptiveAveragePoolShared({ storage: storageOf(call) }),
        bindings: [{ input: 0 }, { output: 0 }],
        params: params(adaptiveAveragePoolParams, planeValues(call)),
        workgroups: [width, height, Math.min(planes, device.maxWorkgroupsPerDimension)],
      },
    ];
  },
};

/** Pixels of a window, on average. */
function windowPixels(call: AdaptiveCall): number {
  const { planes, height, width } = outputPlanes(call);
  return summands(call) / (planes * height * width);
}

/** Additions of all windows together, which overlap where sizes do not divide. */
function summands(call: AdaptiveCall): number {
  const [items, channels, height, width] = call.inputs[0]!.shape as [number, number, number, number];
  const [outHeight, outWidth] = call.attrs.outputSize;
  return items * channels * coverage(height, outHeight) * coverage(width, outWidth);
}

/** Sum of the windows' sizes along one axis: each pixel, and once more each one that a window's border cuts. */
function coverage(size: number, outSize: number): number {
  let sum = 0;
  for (let i = 0; i < outSize; i++) sum += Math.ceil(((i + 1) * size) / outSize) - Math.floor((i * size) / outSize);
  return sum;
}

/**
 * Averages windows chosen so that the output has the given size.
 * - x: [N, C, H, W]; output: [N, C, outputSize]
 * - window i covers rows floor(i*H / height) to ceil((i + 1)*H / height) - 1: windows overlap where sizes do not divide,
 *   and the output may be larger than the input.
 * Throws ShapeError if x is not [N, C, H, W] or the sizes are too large for the kernels' 32-bit indices.
 * Source: https://pytorch.org/docs/stable/generated/torch.nn.AdaptiveAvgPool2d.html
 */
export const adaptiveAveragePool2d: Operator<AdaptiveAveragePool2dAttributes, AdaptiveAveragePool2dGiven> = {
  name: "adaptiveAveragePool2d",
  attributes: ({ outputSize }) => ({ outputSize: pair("adaptiveAveragePool2d: outputSize", outputSize, 1) }),
  shape(inputs, { outputSize }) {
    const [x] = inputs as [TensorType];
    const dtype = floatType("adaptiveAveragePool2d", inputs);
    requireRank("adaptiveAveragePool2d", "x", x, 4, "[N, C, H, W]");
    const [items, channels, height, width] = x.shape as [number, number, number, number];
    if ((height + 1) * (outputSize[0] + 1) >= 2 ** 32 || (width + 1) * (outputSize[1] + 1) >= 2 ** 32)
      throw new ShapeError(
        `adaptiveAveragePool2d: got outputSize ${formatShape(outputSize)}, expected input size * output size below 2^32 ` +
          `along each axis (input shapes: ${formatShape(x.shape)})`,
      );
    return [{ shape: [items, channels, ...outputSize], dtype }];
  },
  cost: (call) => ({ flop: summands(call), bytes: operandBytes(call) }),
  kernels: [direct, shared],
};
