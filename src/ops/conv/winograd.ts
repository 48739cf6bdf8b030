// Convolutions of 3x3 by Winograd's minimal filtering F(m x m, 3 x 3): patches of m + 2 squared inputs and the kernels are
// transformed, multiplied element by element and summed over channels, and transformed back to m squared outputs.
// The middle part is a pointwise convolution with one group per element of the transform: (m + 2)^2 / (9 m^2) of the
// multiplications, 0.44 for m = 2 and 0.25 for m = 4.
// Sources: Lavin and Gray 2016 (arXiv:1509.09308); the matrices and their error: shaders/wgsl/winograd.ts.

import {
  winogradInputParams,
  winogradInput as winogradInputShader,
  winogradWorkgroup,
} from "../../../shaders/conv/winograd-input.wgsl.ts";
import {
  winogradOutputParams,
  winogradOutput as winogradOutputShader,
} from "../../../shaders/conv/winograd-output.wgsl.ts";
import {
  winogradWeightParams,
  winogradWeight as winogradWeightShader,
  winogradWeightWorkgroup,
} from "../../../shaders/conv/winograd-weight.wgsl.ts";
import type { WinogradTile } from "../../../shaders/wgsl/winograd.ts";
import { byteLength, elementCount } from "../../tensor.ts";
import { operandBytes } from "../cost.ts";
import type { DeviceTraits } from "../device-traits.ts";
import { spread } from "../grid.ts";
import type { Kernel, Operator } from "../operator.ts";
import { params, viewParams } from "../parameters.ts";
import { dimensions } from "../walk/dimensions.ts";
import { epilogueBindings, epilogueOperands, isAligned } from "../walk/operands.ts";
import { inItemParts } from "./item-parts.ts";
import type { ConvCall } from "./rules.ts";

/** Elements of a transformed patch. */
export function winogradElements(tile: WinogradTile): number {
  return (tile + 2) ** 2;
}

/** f32 (in f16 the transforms lose too much), 3x3 kernels, stride and dilation 1, one group, and transformed tensors that fit into a binding. */
export function winogradApplies(
  tile: WinogradTile,
  { inputs, outputs, attrs }: ConvCall,
  device: DeviceTraits,
): boolean {
  const [outChannels, channels, rows, columns] = dimensions(inputs[1].shape, 4);
  const isPlain = [...attrs.stride, ...attrs.dilation, attrs.groups].every((size) => size === 1);
  if (!isPlain || rows !== 3 || columns !== 3 || inputs[0].dtype !== "f32") return false;
  const [items, , height, width] = dimensions(outputs[0].shape, 4);
  const tiles = Math.ceil(height / tile) * Math.ceil(width / tile);
  const maps = items * Math.max(channels, outChannels) * tiles;
  const values = winogradElements(tile) * Math.max(maps, channels * outChannels);
  return byteLength({ shape: [values], dtype: "f32" }) <= device.maxBufferBytes;
}

export interface WinogradInputAttributes {
  readonly tile: WinogradTile;
  /** Zeros above and to the left. */
  readonly padding: readonly [top: number, left: number];
  /** Of the convolution's output. */
  readonly size: readonly [height: number, width: number];
}

const inputPatches: Kernel<WinogradInputAttributes> = {
  name: "winogradInput/patches",
  applies: () => true,
  views: [0],
  dispatches({ inputs: [x], outputs: [y], attrs: { tile, padding } }, device) {
    const [items, channels, height, width] = dimensions(x.shape, 4);
    const [, , rows, columns] = dimensions(y.shape, 4);
    const values = {
      channels,
      height,
      width,
      tile_rows: rows,
      tile_columns: columns,
      pad_top: padding[0],
      pad_left: padding[1],
      ...viewParams("x", x),
      ...viewParams("y", y),
    };
    return [
      {
        code: winogradInputShader({ tile }),
        bindings: [{ input: 0 }, { output: 0 }],
        params: params(winogradInputParams, values),
        workgroups: [...spread(Math.ceil((rows * columns * channels) / winogradWorkgroup), device), items],
      },
    ];
  },
};

/**
 * Transforms overlapping patches of `tile + 2` squared inputs, `tile` apart.
 * - x: [N, C, H, W]; output: [N, A*C, ceil(P/tile), ceil(Q/tile)], A = (tile + 2)^2, element after element
 */
export const winogradInput: Operator<WinogradInputAttributes, WinogradInputAttributes> = {
  name: "winogradInput",
  attributes: (given) => given,
  shape([x], { tile, size }) {
    const [items, channels] = dimensions(x.shape, 4);
    const shape = [items, winogradElements(tile) * channels, ...size.map((length) => Math.ceil(length / tile))];
    return [{ shape, dtype: "f32" }];
  },
  cost: (call) => ({
    // Two one-dimensional transforms of every element, about four terms each.
    flop: 16 * elementCount(call.outputs[0].shape),
    bytes: operandBytes(call),
  }),
  kernels: [inItemParts(inputPatches, 1)],
};

export interface WinogradWeightAttributes {
  readonly tile: WinogradTile;
}

const weightKernels: Kernel<WinogradWeightAttributes> = {
  name: "winogradWeight/kernels",
  applies: () => true,
  dispatches({ inputs: [w], attrs }, device) {
    const [outChannels, channels] = dimensions(w.shape, 4);
    const kernels = outChannels * channels;
    const workgroups = Math.ceil(kernels / winogradWeightWorkgroup);
    const [x, y] = spread(workgroups, device);
    return [
      {
        code: winogradWeightShader(attrs),
        bindings: [{ input: 0 }, { output: 0 }],
        params: params(winogradWeightParams, { kernels, row: x * winogradWeightWorkgroup }),
        workgroups: [x, y, 1],
      },
    ];
  },
};

/** Transforms kernels. weight: [K, C, 3, 3]; output: [A*K, C, 1, 1], A = (tile + 2)^2. */
export const winogradWeight: Operator<WinogradWeightAttributes, WinogradWeightAttributes> = {
  name: "winogradWeight",
  attributes: (given) => given,
  shape([weight], { tile }) {
    const [outChannels, channels] = dimensions(weight.shape, 4);
    return [{ shape: [winogradElements(tile) * outChannels, channels, 1, 1], dtype: "f32" }];
  },
  cost: (call) => ({ flop: 8 * elementCount(call.outputs[0].shape), bytes: operandBytes(call) }),
  kernels: [weightKernels],
};

export interface WinogradOutputAttributes {
  readonly tile: WinogradTile;
  readonly size: readonly [height: number, width: number];
}

const outputTiles: Kernel<WinogradOutputAttributes> = {
  name: "winogradOutput/tiles",
  applies: () => true,
  views: [0],
  residualInPlace: true,
  dispatches(call, device) {
    const [x] = call.inputs;
    const [y] = call.outputs;
    const [items, channels, height, width] = dimensions(y.shape, 4);
    const [, , rows, columns] = dimensions(x.shape, 4);
    const [, residual = y] = epilogueOperands(call);
    const { tile } = call.attrs;
    const values = {
      channels,
      height,
      width,
      tile_rows: rows,
      tile_columns: columns,
      ...viewParams("x", x),
      ...viewParams("residual", residual),
      ...viewParams("y", y),
    };
    return [
      {
        code: winogradOutputShader({
          ...call.epilogue,
          tile,
          aligned: tile === 4 && epilogueOperands(call).every((operand) => isAligned(operand, width)),
        }),
        bindings: epilogueBindings(call, 1),
        params: params(winogradOutputParams, values),
        workgroups: [...spread(Math.ceil((rows * columns * channels) / winogradWorkgroup), device), items],
      },
    ];
  },
};

/**
 * Transforms products back to outputs.
 * - x: [N, A*K, I, J], A = (tile + 2)^2; output: [N, K, P, Q] = [N, K, ...size]
 * - epilogue: bias, residual and activation are computed in the same dispatch.
 */
export const winogradOutput: Operator<WinogradOutputAttributes, WinogradOutputAttributes> = {
  name: "winogradOutput",
  epilogue: true,
  attributes: (given) => given,
  shape([x], { tile, size }) {
    const [items, channels] = dimensions(x.shape, 4);
    return [{ shape: [items, channels / winogradElements(tile), ...size], dtype: "f32" }];
  },
  cost: (call) => ({ flop: 14 * elementCount(call.inputs[0].shape), bytes: operandBytes(call) }),
  kernels: [inItemParts(outputTiles, 1)],
};
