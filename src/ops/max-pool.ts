// 2-D max pooling.
import { maxPool, maxPoolParams } from "../../shaders/max-pool.wgsl.ts";
import { elementCount, type TensorType } from "../tensor.ts";
import { floatType, storageOf } from "./operands.ts";
import { type Kernel, type Operator, operandBytes, params, viewParams } from "./operator.ts";
import { outputPlanes, planeGrid, planeValues } from "./planes.ts";
import {
  type Padding2d,
  type Pair,
  pair,
  requireOutput,
  requirePoolPadding,
  requireRank,
  type Sides,
  type Size2d,
  sides,
  windowCount,
} from "./window.ts";

export interface MaxPool2dAttributes {
  readonly kernel: Pair;
  readonly stride: Pair;
  readonly padding: Sides;
  readonly dilation: Pair;
  readonly ceilMode: boolean;
  readonly indices: boolean;
}

export interface MaxPool2dGiven {
  readonly kernel: Size2d;
  /** Default: the kernel. */
  readonly stride?: Size2d;
  /** Pixels around the input that are never chosen, at most half the kernel. Default 0. */
  readonly padding?: Padding2d;
  /** Distance between the taps of a window. Default 1. */
  readonly dilation?: Size2d;
  /** Keep a last window that only partly fits. Default false. */
  readonly ceilMode?: boolean;
  /** Also return where each maximum was. Default false. */
  readonly indices?: boolean;
}

const direct: Kernel<MaxPool2dAttributes> = {
  name: "maxPool2d/direct",
  applies: () => true,
  views: [0],
  dispatches(call, device) {
    const { kernel, stride, padding, dilation, indices } = call.attrs;
    const { workgroup, workgroups } = planeGrid(outputPlanes(call), device);
    const values = {
      ...planeValues(call),
      ...viewParams("indices", call.outputs.at(-1)!),
      kernel_height: kernel[0],
      kernel_width: kernel[1],
      stride_height: stride[0],
      stride_width: stride[1],
      dilation_height: dilation[0],
      dilation_width: dilation[1],
      pad_top: padding[0],
      pad_left: padding[1],
      lowest: Number.NEGATIVE_INFINITY,
    };
    return [
      {
        code: maxPool({ storage: storageOf(call), indices, workgroup }),
        bindings: [{ input: 0 }, { output: 0 }, ...(indices ? [{ output: 1 }] : [])],
        params: params(maxPoolParams, values),
        workgroups,
      },
    ];
  },
};

/**
 * Takes the maximum over each kernel window.
 * - x: [N, C, H, W]; output: [N, C, floor((H + top + bottom - dilation*(kernel - 1) - 1) / stride) + 1, ...], rounded up
 *   in ceil mode unless the last window would start in the padding behind the image.
 * - with `indices` a second output, i32, of the same shape: h * W + w of the first maximum in row-major order.
 * - a NaN in the window wins (of several, the last), as in PyTorch. A window with no tap in the image, which only a
 *   dilation can make, gives -infinity and index -1 (PyTorch: an index outside of the image).
 * Throws ShapeError if x is not [N, C, H, W], the padding exceeds half the kernel, or the window does not fit.
 * Source: https://pytorch.org/docs/stable/generated/torch.nn.MaxPool2d.html
 */
export const maxPool2d: Operator<MaxPool2dAttributes, MaxPool2dGiven> = {
  name: "maxPool2d",
  attributes(given) {
    const kernel = pair("maxPool2d: kernel", given.kernel, 1);
    const padding = sides("maxPool2d: padding", given.padding ?? 0);
    requirePoolPadding("maxPool2d", padding, kernel);
    return {
      kernel,
      stride: pair("maxPool2d: stride", given.stride ?? kernel, 1),
      padding,
      dilation: pair("maxPool2d: dilation", given.dilation ?? 1, 1),
      ceilMode: given.ceilMode ?? false,
      indices: given.indices ?? false,
    };
  },
  shape(inputs, { kernel, stride, padding, dilation, ceilMode, indices }) {
    const [x] = inputs as [TensorType];
    const dtype = floatType("maxPool2d", inputs);
    requireRank("maxPool2d", "x", x, 4, "[N, C, H, W]");
    const [items, channels, height, width] = x.shape as [number, number, number, number];
    const count = (size: number, axis: 0 | 1) =>
      windowCount(size, {
        kernel: kernel[axis],
        stride: stride[axis],
        dilation: dilation[axis],
        before: padding[axis],
        after: padding[axis + 2]!,
        ceil: ceilMode,
      });
    const shape = [items, channels, count(height, 0), count(width, 1)];
    requireOutput("maxPool2d", shape, x.shape);
    const output = { shape, dtype } as const;
    return indices ? [output, { shape, dtype: "i32" }] : [output];
  },
  cost(call) {
    const [rows, columns] = call.attrs.kernel;
    return { flop: elementCount(call.outputs[0]!.shape) * rows * columns, bytes: operandBytes(call) };
  },
  kernels: [direct],
};
