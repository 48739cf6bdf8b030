// The numbers of a convolution call, by their names of the field and as the shaders' uniform parameters. To the kernels a
// volume is an image: its D slices of H rows are D * H rows, its kernels' T slices of R rows T * R.
import { conv2dParams, conv3dParams } from "../../../shaders/wgsl/conv-bindings.ts";
import { elementCount, type Shape } from "../../tensor.ts";
import type { DeviceTraits } from "../device-traits.ts";
import type { Call } from "../operator.ts";
import { type Params, params, viewParams } from "../parameters.ts";
import { asSides3d, asTriple, volumeValues } from "../walk/planes.ts";
import type { ConvAttributes } from "./rules.ts";

/** Kernels wider than this are not unrolled. */
export const widestUnrolled = 8;

export function isVolume(call: Call): boolean {
  return call.outputs[0]!.shape.length === 5;
}

/** The last axis, and the product of those between it and the first two. */
function rowsAndColumns(shape: Shape): [rows: number, columns: number] {
  return [elementCount(shape.slice(2, -1)), shape.at(-1)!];
}

/** The numbers of a call, transposed or not, by their names of the field. */
export function convSizes(call: Call<ConvAttributes>) {
  const [items, channels] = call.inputs[0]!.shape as [number, number];
  const outChannels = call.outputs[0]!.shape[1]!;
  const [groupChannels, groupOutChannels] = [channels / call.attrs.groups, outChannels / call.attrs.groups];
  const [height, width] = rowsAndColumns(call.inputs[0]!.shape);
  const [kernelHeight, kernelWidth] = rowsAndColumns(call.inputs[1]!.shape);
  const [outHeight, outWidth] = rowsAndColumns(call.outputs[0]!.shape);
  const sizes = { items, channels, height, width, outChannels, groupChannels, groupOutChannels };
  return { ...sizes, kernelHeight, kernelWidth, outHeight, outWidth };
}

type ConvParamName = keyof typeof conv3dParams;

/** Uniform parameters that all convolution kernels share, transposed ones too. */
export function convParamValues(call: Call<ConvAttributes>): Record<ConvParamName, number> {
  const { items, channels, height, width, outChannels, kernelHeight, kernelWidth, outHeight, outWidth } =
    convSizes(call);
  const stride = asTriple(call.attrs.stride, 1);
  const dilation = asTriple(call.attrs.dilation, 1);
  const [front, top, left] = asSides3d(call.attrs.padding);
  const residual = call.epilogue.residual ? call.inputs.at(-1)! : call.outputs[0]!;
  return {
    channels,
    height,
    width,
    out_channels: outChannels,
    out_height: outHeight,
    out_width: outWidth,
    kernel_height: kernelHeight,
    kernel_width: kernelWidth,
    slice_kernel_height: call.inputs[1]!.shape.at(-2)!,
    stride_depth: stride[0],
    stride_height: stride[1],
    stride_width: stride[2],
    pad_front: front,
    pad_top: top,
    pad_left: left,
    dilation_depth: dilation[0],
    dilation_height: dilation[1],
    dilation_width: dilation[2],
    groups: call.attrs.groups,
    items,
    ...volumeValues(call),
    ...viewParams("x", call.inputs[0]!),
    ...viewParams("residual", residual),
    ...viewParams("y", call.outputs[0]!),
  };
}

export function convParams(call: Call<ConvAttributes>): Params {
  return params(isVolume(call) ? conv3dParams : conv2dParams, convParamValues(call));
}

/** For kernels that see the sizes in `replaced` instead, and no slices. */
export function flatConvParams(call: Call<ConvAttributes>, replaced: Partial<Record<ConvParamName, number>>): Params {
  return params(conv2dParams, { ...convParamValues(call), ...replaced });
}

/** A 1x1 convolution with stride 1 sees a plane as one long row. */
export function isFlat(call: Call<ConvAttributes>): boolean {
  const { kernelHeight, kernelWidth } = convSizes(call);
  const { stride, padding } = call.attrs;
  return [kernelHeight, kernelWidth, ...stride].every((size) => size === 1) && padding.every((size) => size === 0);
}

/** For kernels that see each plane as one long row. */
export function rowConvParams(call: Call<ConvAttributes>): Params {
  const { height, width } = convSizes(call);
  const plane = height * width;
  return flatConvParams(call, { height: 1, width: plane, out_height: 1, out_width: plane });
}

/** Outputs of the largest phase along each axis. */
export function phaseSizes({ outputs, attrs: { stride } }: Call<ConvAttributes>): number[] {
  return stride.map((step, axis) => Math.ceil(outputs[0]!.shape[axis + 2]! / step));
}

/** Into how many parts channels may be split. */
export const splits = [2, 4, 8, 16] as const;

/** Channels of a part: fewer leave the kernels' loops too short. */
const fewestSplitChannels = 16;

/** Even parts of one group, in f32, on hardware: software adapters are busy with few outputs already. */
export function splitApplies(
  parts: number,
  { inputs, attrs }: Call<{ groups: number }>,
  device: DeviceTraits,
): boolean {
  const channels = inputs[0]!.shape[1]!;
  const isEven = attrs.groups === 1 && channels % parts === 0 && channels / parts >= fewestSplitChannels;
  return isEven && inputs[0]!.dtype === "f32" && device.kind === "hardware";
}
