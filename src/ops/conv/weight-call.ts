// What the kernels of a weight gradient share: the convolution that it belongs to, its sizes and parameters.

import { weightGradParams } from "../../../shaders/conv/weight-grad.wgsl.ts";
import { conv2dParams, conv3dParams } from "../../../shaders/wgsl/conv-bindings.ts";
import { elementCount, type TensorType } from "../../tensor.ts";
import type { AtLeast, Call, Dispatch, Kernel } from "../operator.ts";
import { type Params, params } from "../parameters.ts";
import { wholeView } from "../view.ts";
import { dimensions } from "../walk/dimensions.ts";
import { storageOf } from "../walk/operands.ts";
import type { ConvAttributes, ConvCall } from "./rules.ts";
import { convParamValues, convSizes, isVolume, widestUnrolled } from "./sizes.ts";

export interface ConvWeightGradientAttributes extends ConvAttributes {
  /** Sizes of the kernel along each axis. */
  readonly kernel: readonly number[];
  /**
   * Into how many parts of ceil(N * P / parts) rows the sums are split; with more than one, the output is
   * [1, parts*K, C/groups, ...], in f32.
   */
  readonly parts: number;
}

export type WeightGradientCall = Call<ConvWeightGradientAttributes, 2>;
export type WeightGradientKernel = Kernel<ConvWeightGradientAttributes, 2>;

/** [K, C/groups, ...kernel] */
export function weightShape(
  [x, gy]: AtLeast<TensorType, 2>,
  { groups, kernel }: ConvWeightGradientAttributes,
): AtLeast<number, 2> {
  const [, channels] = dimensions(x.shape, 2);
  const [, outChannels] = dimensions(gy.shape, 2);
  return [outChannels, channels / groups, ...kernel];
}

/** The convolution whose weight this is the gradient of: x, the weight, and y where gy is. */
export function forwardCall({ inputs, attrs, epilogue }: WeightGradientCall): ConvCall {
  const [x, gy] = inputs;
  const type = { shape: weightShape(inputs, attrs), dtype: x.dtype };
  return { inputs: [x, { ...type, view: wholeView(type) }], outputs: [gy], attrs, epilogue };
}

function gradientParams(call: WeightGradientCall): Params {
  const forward = forwardCall(call);
  const spec = { ...(isVolume(forward) ? conv3dParams : conv2dParams), ...weightGradParams } as const;
  const { parts } = call.attrs;
  const { offset, batchStride } = call.outputs[0].view;
  const stride = parts === 1 ? batchStride : elementCount(weightShape(call.inputs, call.attrs).slice(1));
  return params(spec, { ...convParamValues(forward), parts, gw_offset: offset, gw_channel_stride: stride });
}

/** One dispatch of a kernel that binds x, gy and gw. */
export function gradientDispatches(
  call: WeightGradientCall,
  code: string,
  workgroups: Dispatch["workgroups"],
): readonly Dispatch[] {
  return [{ code, bindings: [{ input: 0 }, { input: 1 }, { output: 0 }], params: gradientParams(call), workgroups }];
}

export function template(call: WeightGradientCall) {
  const storage = storageOf(call);
  return { storage, sums: call.attrs.parts === 1 ? storage : "f32", volume: isVolume(forwardCall(call)) } as const;
}

/** The taps of a row are unrolled. */
export function isUnrolled(call: WeightGradientCall): boolean {
  return convSizes(forwardCall(call)).kernelWidth <= widestUnrolled;
}

/** Into how many parts sums may be split. */
export const splits = [2, 4, 8, 16, 32, 64] as const;

/** Rows of the output, in parts. */
export function splitApplies(parts: number, call: WeightGradientCall): boolean {
  const { items, outHeight } = convSizes(forwardCall(call));
  return call.attrs.parts === 1 && isUnrolled(call) && parts <= items * outHeight;
}
