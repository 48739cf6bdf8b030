// The numbers of a convolution call, by their names of the field and as the shaders' uniform parameters. To the kernels a
// volume is an image: its D slices of H rows are D * H rows, its kernels' T slices of R rows T * R.
import { conv2dParams, conv3dParams } from "../../../shaders/wgsl/conv-bindings.ts";
import { elementCount, type Shape } from "../../tensor.ts";
import type { DeviceTraits } from "../device-traits.ts";
import type { Call } from "../operator.ts";
import { type Params, params, viewParams } from "../parameters.ts";
import { dimensions } from "../walk/dimensions.ts";
import { epilogueOperands } from "../walk/operands.ts";
import { asSides3d, asTriple, volumeValues } from "../walk/planes.ts";
import type { Pair, Triple } from "../walk/window.ts";
import type { ConvCall } from "./rules.ts";

/** Kernels wider than this are not unrolled. */
export const widestUnrolled = 8;

export function isVolume({ outputs: [y] }: Call): boolean {
  return y.shape.length === 5;
}

/** The last axis, and the product of those between it and the first two. */
function rowsAndColumns(shape: Shape): [rows: number, columns: number] {
  return [elementCount(shape.slice(2, -1)), elementCount(shape.slice(-1))];
}

/** Rows and columns, without the slices of a volume. */
export function lastTwo(sizes: readonly number[]): Pair {
  const [rows, columns] = dimensions(sizes.slice(-2), 2);
  return [rows, columns];
}

/** The numbers of a call, transposed or not, by their names of the field; a stride and a dilation have a depth of 1 for images. */
export function convSizes(call: ConvCall): ConvSizes {
  const known = sizesOf.get(call);
  if (known) return known;
  const sizes = measureConv(call);
  sizesOf.set(call, sizes);
  return sizes;
}

type ConvSizes = ReturnType<typeof measureConv>;

/** A choice asks for the numbers of one call dozens of times. */
const sizesOf = new WeakMap<ConvCall, ConvSizes>();

function measureConv({ inputs: [x, weight], outputs: [y], attrs }: ConvCall) {
  const [items, channels] = dimensions(x.shape, 2);
  const [, outChannels] = dimensions(y.shape, 2);
  const [height, width] = rowsAndColumns(x.shape);
  const [kernelHeight, kernelWidth] = rowsAndColumns(weight.shape);
  const [outHeight, outWidth] = rowsAndColumns(y.shape);
  return {
    items,
    channels,
    height,
    width,
    outChannels,
    groupChannels: channels / attrs.groups,
    groupOutChannels: outChannels / attrs.groups,
    stride: asTriple(attrs.stride, 1),
    dilation: asTriple(attrs.dilation, 1),
    kernelHeight,
    kernelWidth,
    outHeight,
    outWidth,
  };
}

type ConvParamName = keyof typeof conv3dParams;

/** Uniform parameters that all convolution kernels share, transposed ones too. */
export function convParamValues(call: ConvCall): Record<ConvParamName, number> {
  const sizes = convSizes(call);
  const [x, weight] = call.inputs;
  const [y] = call.outputs;
  const [, residual = y] = epilogueOperands(call);
  const [front, top, left] = asSides3d(call.attrs.padding);
  return {
    channels: sizes.channels,
    height: sizes.height,
    width: sizes.width,
    out_channels: sizes.outChannels,
    out_height: sizes.outHeight,
    out_width: sizes.outWidth,
    kernel_height: sizes.kernelHeight,
    kernel_width: sizes.kernelWidth,
    slice_kernel_height: lastTwo(weight.shape)[0],
    stride_depth: sizes.stride[0],
    stride_height: sizes.stride[1],
    stride_width: sizes.stride[2],
    pad_front: front,
    pad_top: top,
    pad_left: left,
    dilation_depth: sizes.dilation[0],
    dilation_height: sizes.dilation[1],
    dilation_width: sizes.dilation[2],
    groups: call.attrs.groups,
    items: sizes.items,
    ...volumeValues(call),
    ...viewParams("x", x),
    ...viewParams("residual", residual),
    ...viewParams("y", y),
  };
}

export function convParams(call: ConvCall): Params {
  return params(isVolume(call) ? conv3dParams : conv2dParams, convParamValues(call));
}

/** A 1x1 convolution with stride 1 sees a plane as one long row. */
export function isFlat(call: ConvCall): boolean {
  const { kernelHeight, kernelWidth } = convSizes(call);
  const { stride, padding } = call.attrs;
  return [kernelHeight, kernelWidth, ...stride].every((size) => size === 1) && padding.every((size) => size === 0);
}

/** For kernels that see each plane as one long row, and no slices. */
export function rowConvParams(call: ConvCall): Params {
  const { height, width } = convSizes(call);
  const plane = height * width;
  return params(conv2dParams, { ...convParamValues(call), height: 1, width: plane, out_height: 1, out_width: plane });
}

/** Outputs of the largest phase along each axis. */
export function phaseSizes(call: ConvCall): Triple {
  const [depth, height, width] = asTriple(call.outputs[0].shape.slice(2), 1);
  const { stride } = convSizes(call);
  return [Math.ceil(depth / stride[0]), Math.ceil(height / stride[1]), Math.ceil(width / stride[2])];
}

/** Into how many parts channels may be split. */
export const splits = [2, 4, 8, 16] as const;

/** Channels of a part: fewer leave the kernels' loops too short. */
const fewestSplitChannels = 16;

/** Even parts of one group, in f32, on hardware: software adapters are busy with few outputs already. */
export function splitApplies(parts: number, call: ConvCall, device: DeviceTraits): boolean {
  const { channels } = convSizes(call);
  const isEven = call.attrs.groups === 1 && channels % parts === 0 && channels / parts >= fewestSplitChannels;
  return isEven && call.inputs[0].dtype === "f32" && device.kind === "hardware";
}
