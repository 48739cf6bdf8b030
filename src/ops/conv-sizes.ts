// The numbers of a convolution call, by their names of the field and as the shaders' uniform parameters.
import type { conv2dParams } from "../../shaders/conv-bindings.ts";
import type { Conv2dAttributes } from "./conv2d.ts";
import { type Call, type DeviceTraits, viewParams } from "./operator.ts";

/** Kernels wider than this are not unrolled. */
export const widestUnrolled = 8;

/** The numbers of a call by their names of the field. */
export function conv2dSizes(call: Call<Conv2dAttributes>) {
  const [items, channels, height, width] = call.inputs[0]!.shape as [number, number, number, number];
  const [outChannels, groupChannels, kernelHeight, kernelWidth] = call.inputs[1]!.shape as [
    number,
    number,
    number,
    number,
  ];
  const [, , outHeight, outWidth] = call.outputs[0]!.shape as [number, number, number, number];
  return { items, channels, height, width, outChannels, groupChannels, kernelHeight, kernelWidth, outHeight, outWidth };
}

/** Uniform parameters that all convolution kernels share, transposed ones too. */
export function conv2dParamValues(call: Call<Conv2dAttributes>): Record<keyof typeof conv2dParams, number> {
  const [items, channels, height, width] = call.inputs[0]!.shape as [number, number, number, number];
  const [, , kernelHeight, kernelWidth] = call.inputs[1]!.shape as [number, number, number, number];
  const [, outChannels, outHeight, outWidth] = call.outputs[0]!.shape as [number, number, number, number];
  const { stride, padding, dilation, groups } = call.attrs;
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
    stride_height: stride[0],
    stride_width: stride[1],
    pad_top: padding[0],
    pad_left: padding[1],
    dilation_height: dilation[0],
    dilation_width: dilation[1],
    groups,
    items,
    ...viewParams("x", call.inputs[0]!),
    ...viewParams("residual", residual),
    ...viewParams("y", call.outputs[0]!),
  };
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
