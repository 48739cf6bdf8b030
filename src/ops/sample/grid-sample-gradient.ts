// The gradients of sampling at the places of a grid, of images and volumes. Not for users.

import {
  gridSampleGradientParams,
  gridSampleGradient as pixelShader,
} from "../../../shaders/sample/grid-sample-grad.wgsl.ts";
import {
  gridSampleGridGradientParams,
  gridSampleGridGradient as placeShader,
} from "../../../shaders/sample/grid-sample-grid-grad.wgsl.ts";
import type { GridPadding, gridGradientParams } from "../../../shaders/wgsl/grid-places.ts";
import { elementCount, type Shape } from "../../tensor.ts";
import { operandBytes } from "../cost.ts";
import type { Kernel, Operator } from "../operator.ts";
import { params } from "../parameters.ts";
import { floatType, requireF32, storageOf } from "../walk/operands.ts";
import { asTriple } from "../walk/planes.ts";
import { flatGrid } from "../walk/strided.ts";

export interface GridSampleGradientAttributes {
  readonly mode: string;
  readonly padding: GridPadding;
  readonly alignCorners: boolean;
  /** Of x, after N and C. */
  readonly inputSize: Shape;
}

/** Values for {@link gridGradientParams}: of gy [N, C, places] and an image [N, C, inputSize]. */
function gridValues(gy: Shape, inputSize: Shape): Record<keyof typeof gridGradientParams, number> {
  const [, channels = 1, ...sizes] = gy;
  const [depth, height, width] = asTriple(inputSize, 1);
  return { places: elementCount(sizes), channels, depth, height, width };
}

/** Enough for a GPU; each passes over the whole grid, so that more of them are more work. */
const leastInvocations = 2048;

const stretches: Kernel<GridSampleGradientAttributes, 2> = {
  name: "gridSampleGradient/stretches",
  applies: () => true,
  dispatches({ inputs: [{ shape: gy }], attrs: { inputSize, mode, ...places } }, device) {
    const planes = elementCount(gy.slice(0, 2));
    const pixels = elementCount(inputSize);
    const stretch = Math.ceil(pixels / Math.min(Math.ceil(leastInvocations / planes), pixels));
    const perPlane = Math.ceil(pixels / stretch);
    const count = planes * perPlane;
    const values = { count, stretches: perPlane, stretch, ...gridValues(gy, inputSize) };
    return [
      {
        code: pixelShader({ ...places, volume: inputSize.length === 3, nearest: mode === "nearest" }),
        bindings: [{ input: 0 }, { input: 1 }, { output: 0 }],
        params: params(gridSampleGradientParams, values),
        workgroups: flatGrid(count, device),
      },
    ];
  },
};

/** Products that a linear sample adds up, all together. */
const terms = (y: Shape) => elementCount(y) * 2 ** (y.length - 2);

/**
 * Gives each pixel the gradients of the places that sampled it, weighted as it was, in their order. Stretches of pixels run side by
 * side, what falls into one runs in turn; with few planes there are several stretches in a plane, each of which looks at the
 * whole grid. In f16 too its sums lie in f32, since they are in memory.
 * - gy: f32 [N, C, P, Q]; grid: f32 [N, P, Q, 2]; output: f32 [N, C, inputSize]; volumes have one axis more.
 */
export const gridSampleGradient: Operator<GridSampleGradientAttributes, GridSampleGradientAttributes, 2> = {
  name: "gridSampleGradient",
  attributes: (given) => given,
  shape(inputs, { inputSize }) {
    requireF32("gridSampleGradient", inputs, [0, 1]);
    return [{ shape: [...inputs[0].shape.slice(0, 2), ...inputSize], dtype: "f32" }];
  },
  cost: (call) => ({ flop: 2 * terms(call.inputs[0].shape), bytes: operandBytes(call) }),
  fullInputs: [0, 1],
  kernels: [stretches],
};

const places: Kernel<Omit<GridSampleGradientAttributes, "inputSize">, 3> = {
  name: "gridSampleGridGradient/direct",
  applies: () => true,
  dispatches(call, device) {
    const [gy, x, grid] = call.inputs;
    const inputSize = x.shape.slice(2);
    const count = elementCount(grid.shape.slice(0, -1));
    return [
      {
        code: placeShader({ ...call.attrs, volume: inputSize.length === 3, storage: storageOf(call) }),
        bindings: [{ input: 0 }, { input: 1 }, { input: 2 }, { output: 0 }],
        params: params(gridSampleGridGradientParams, { count, ...gridValues(gy.shape, inputSize) }),
        workgroups: flatGrid(count, device),
      },
    ];
  },
};

/**
 * How the places of a linear sample are to move: the slope of the image there, times the gradient of the sample.
 * - gy: [N, C, P, Q]; x: [N, C, H, W]; grid: f32 [N, P, Q, 2]; output: f32, as the grid; volumes have one axis more.
 */
export const gridSampleGridGradient: Operator<
  Omit<GridSampleGradientAttributes, "inputSize">,
  Omit<GridSampleGradientAttributes, "inputSize">,
  3
> = {
  name: "gridSampleGridGradient",
  attributes: (given) => given,
  shape([gy, x, grid]) {
    floatType("gridSampleGridGradient", [gy, x]);
    requireF32("gridSampleGridGradient", [gy, x, grid], [2]);
    return [{ shape: grid.shape, dtype: "f32" }];
  },
  cost: (call) => ({ flop: 5 * terms(call.inputs[0].shape), bytes: operandBytes(call) }),
  fullInputs: [2],
  kernels: [places],
};
