// What the kernels of a weight gradient share: the convolution that it belongs to, its sizes and parameters.

import { weightGradParams } from "../../../shaders/conv/weight-grad.wgsl.ts";
import { conv2dParams, conv3dParams } from "../../../shaders/wgsl/conv-bindings.ts";
import { elementCount, type Shape } from "../../tensor.ts";
import type { Call } from "../operator.ts";
import { type Params, params } from "../parameters.ts";
import { wholeView } from "../view.ts";
import { storageOf } from "../walk/operands.ts";
import type { ConvAttributes } from "./rules.ts";
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

export type WeightGradientCall = Call<ConvWeightGradientAttributes>;

export function weightShape({ inputs, attrs }: Pick<WeightGradientCall, "inputs" | "attrs">): Shape {
  const [x, gy] = inputs;
  return [gy!.shape[1]!, x!.shape[1]! / attrs.groups, ...attrs.kernel];
}

/** The convolution whose weight this is the gradient of: x, the weight, and y where gy is. */
export function forwardCall({ inputs, attrs, epilogue }: WeightGradientCall): Call<ConvAttributes> {
  const [x, gy] = inputs;
  const type = { shape: weightShape({ inputs, attrs }), dtype: x!.dtype };
  return { inputs: [x!, { ...type, view: wholeView(type) }], outputs: [gy!], attrs, epilogue };
}

export function gradientParams(call: WeightGradientCall): Params {
  const forward = forwardCall(call);
  const spec = { ...(isVolume(forward) ? conv3dParams : conv2dParams), ...weightGradParams } as const;
  const { parts } = call.attrs;
  const { offset, batchStride } = call.outputs[0]!.view;
  const stride = parts === 1 ? batchStride : elementCount(weightShape(call).slice(1));
  return params(spec, { ...convParamValues(forward), parts, gw_offset: offset, gw_channel_stride: stride });
}

export function template(call: WeightGradientCall) {
  const storage = storageOf(call);
  return { storage, sums: call.attrs.parts === 1 ? storage : "f32", volume: isVolume(forwardCall(call)) } as const;
}

/** The taps of a row are unrolled. */
export function isUnrolled({ attrs }: WeightGradientCall): boolean {
  return attrs.kernel.at(-1)! <= widestUnrolled;
}

/** Into how many parts sums may be split. */
export const splits = [2, 4, 8, 16, 32, 64] as const;

/** Rows of the output, in parts. */
export function splitApplies(parts: number, call: WeightGradientCall): boolean {
  const { items, outHeight } = convSizes(forwardCall(call));
  return call.attrs.parts === 1 && isUnrolled(call) && parts <= items * outHeight;
}
