// 2-D average pooling.
import { averagePool, averagePoolParams } from "../../shaders/average-pool.wgsl.ts";
import { ShapeError } from "../errors.ts";
import { elementCount, type TensorType } from "../tensor.ts";
import { floatType, storageOf } from "./operands.ts";
import { type Kernel, type Operator, operandBytes, params } from "./operator.ts";
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

export interface AveragePool2dAttributes {
  readonly kernel: Pair;
  readonly stride: Pair;
  readonly padding: Sides;
  readonly ceilMode: boolean;
  readonly countIncludePad: boolean;
  readonly divisorOverride: number | undefined;
}

export interface AveragePool2dGiven {
  readonly kernel: Size2d;
  /** Default: the kernel. */
  readonly stride?: Size2d;
  /** Zeros around the input, at most half the kernel. Default 0. */
  readonly padding?: Padding2d;
  /** Keep a last window that only partly fits. Default false. */
  readonly ceilMode?: boolean;
  /** Divide by the pixels of a window in the image and its padding, not only in the image. Default true. */
  readonly countIncludePad?: boolean;
  /** Divide by this integer instead. */
  readonly divisorOverride?: number;
}

const direct: Kernel<AveragePool2dAttributes> = {
  name: "averagePool2d/direct",
  applies: () => true,
  views: [0],
  dispatches(call, device) {
    const { kernel, stride, padding, countIncludePad, divisorOverride } = call.attrs;
    const { workgroup, workgroups } = planeGrid(outputPlanes(call), device);
    const counted = countIncludePad ? "padded" : "image";
    const values = {
      ...planeValues(call),
      kernel_height: kernel[0],
      kernel_width: kernel[1],
      stride_height: stride[0],
      stride_width: stride[1],
      pad_top: padding[0],
      pad_left: padding[1],
      pad_bottom: padding[2],
      pad_right: padding[3],
      fixed_divisor: divisorOverride ?? 1,
    };
    return [
      {
        code: averagePool({
          storage: storageOf(call),
          divisor: divisorOverride === undefined ? counted : "fixed",
          workgroup,
        }),
        bindings: [{ input: 0 }, { output: 0 }],
        params: params(averagePoolParams, values),
        workgroups,
      },
    ];
  },
};

/**
 * Averages each kernel window.
 * - x: [N, C, H, W]; output: [N, C, floor((H + top + bottom - kernel) / stride) + 1, ...], rounded up in ceil mode unless
 *   the last window would start in the padding behind the image.
 * - divisor: the pixels of the window, zeros of the padding among them unless `countIncludePad` is false. What a last
 *   window in ceil mode has beyond the padding never counts.
 * Throws ShapeError if x is not [N, C, H, W], the padding exceeds half the kernel, or the window does not fit.
 * Source: https://pytorch.org/docs/stable/generated/torch.nn.AvgPool2d.html
 */
export const averagePool2d: Operator<AveragePool2dAttributes, AveragePool2dGiven> = {
  name: "averagePool2d",
  attributes(given) {
    const kernel = pair("averagePool2d: kernel", given.kernel, 1);
    const padding = sides("averagePool2d: padding", given.padding ?? 0);
    const { divisorOverride } = given;
    requirePoolPadding("averagePool2d", padding, kernel);
    if (divisorOverride === 0 || !Number.isSafeInteger(divisorOverride ?? 1))
      throw new ShapeError(`averagePool2d: divisorOverride is ${divisorOverride}, expected an integer other than 0`);
    return {
      kernel,
      stride: pair("averagePool2d: stride", given.stride ?? kernel, 1),
      padding,
      ceilMode: given.ceilMode ?? false,
      countIncludePad: given.countIncludePad ?? true,
      divisorOverride,
    };
  },
  shape(inputs, { kernel, stride, padding, ceilMode }) {
    const [x] = inputs as [TensorType];
    const dtype = floatType("averagePool2d", inputs);
    requireRank("averagePool2d", "x", x, 4, "[N, C, H, W]");
    const [items, channels, height, width] = x.shape as [number, number, number, number];
    const count = (size: number, axis: 0 | 1) =>
      windowCount(size, {
        kernel: kernel[axis],
        stride: stride[axis],
        dilation: 1,
        before: padding[axis],
        after: padding[axis + 2]!,
        ceil: ceilMode,
      });
    const shape = [items, channels, count(height, 0), count(width, 1)];
    requireOutput("averagePool2d", shape, x.shape);
    return [{ shape, dtype }];
  },
  cost(call) {
    const [rows, columns] = call.attrs.kernel;
    return { flop: elementCount(call.outputs[0]!.shape) * rows * columns, bytes: operandBytes(call) };
  },
  kernels: [direct],
};
