// Elements around a tensor.
import { type PadMode, padShader, padSpec } from "../../../shaders/move/pad.wgsl.ts";
import { ShapeError } from "../../errors.ts";
import { f32ToF16, saturateF16 } from "../../half.ts";
import { type DType, formatShape } from "../../tensor.ts";
import { operandBytes } from "../cost.ts";
import type { Kernel, Operator } from "../operator.ts";
import { params } from "../parameters.ts";
import { wordType } from "../walk/operands.ts";
import { flatGrid, strided, walk } from "../walk/strided.ts";
import { requireIntegers } from "../walk/window.ts";
import { padGradient } from "./pad-gradient.ts";
import { slice } from "./slice.ts";

export type { PadMode };

export interface PadAttributes {
  readonly begin: readonly number[];
  readonly end: readonly number[];
  readonly mode: PadMode;
  readonly value: number;
}

export interface PadGiven {
  /** Elements before the first one, for every axis. */
  readonly begin: readonly number[];
  /** Elements behind the last one, for every axis. */
  readonly end: readonly number[];
  /** `constant` (default), `reflect` (mirrored without repeating the edge) or `replicate` (the edge repeated). */
  readonly mode?: PadMode;
  /** What `constant` adds. Default 0. */
  readonly value?: number;
}

const gather: Kernel<PadAttributes> = {
  name: "pad/gather",
  applies: () => true,
  views: "all",
  dispatches(call, device) {
    const [input, output] = [call.inputs[0]!, call.outputs[0]!];
    const { begin, mode, value } = call.attrs;
    const plan = walk(output.shape, { y: strided(output) }, { join: false, vectors: false });
    const x = strided(input);
    const template = { ...plan.template, mode, word: wordType(output.dtype) };
    const values: Record<string, number> = {
      ...plan.values,
      x_offset: x.offset,
      value: wordOf(value, output.dtype),
    };
    for (let axis = 0; axis < plan.template.rank; axis++) {
      values[`begin${axis}`] = begin[axis] ?? 0;
      values[`x_size${axis}`] = input.shape[axis] ?? 1;
      values[`x_stride${axis}`] = x.strides[axis] ?? 1;
    }
    return [
      {
        code: padShader(template),
        bindings: [{ input: 0 }, { output: 0 }],
        params: params(padSpec(template), values),
        workgroups: flatGrid(plan.count, device),
      },
    ];
  },
};

function isWord(value: number, dtype: "i32" | "u32"): boolean {
  return dtype === "i32" ? value === value >> 0 : value === value >>> 0;
}

/** The bits of a value. */
function wordOf(value: number, dtype: DType): number {
  if (dtype === "f16") return f32ToF16(Float32Array.of(saturateF16(value)))[0]!;
  const view = new DataView(new ArrayBuffer(4));
  if (dtype === "f32") view.setFloat32(0, value);
  else view.setInt32(0, value);
  return view.getUint32(0);
}

/**
 * Puts elements around a tensor: a constant, its mirror image or its edge.
 * - x: [...]; output: begin + size + end along each axis.
 * - gradient: each element's, and those of its copies. It keeps nothing.
 * Throws ShapeError if begin and end are not one count of at least 0 per axis (it does not crop), or if a mirror image is
 * as long as the tensor or longer. Source: https://pytorch.org/docs/stable/generated/torch.nn.functional.pad.html
 */
export const pad: Operator<PadAttributes, PadGiven> = {
  name: "pad",
  attributes({ begin, end, mode = "constant", value = 0 }) {
    requireIntegers("pad: begin", begin, 0);
    requireIntegers("pad: end", end, 0);
    return { begin, end, mode, value };
  },
  shape(inputs, { begin, end, mode, value }) {
    const { shape, dtype } = inputs[0]!;
    if (begin.length !== shape.length || end.length !== shape.length) {
      throw new ShapeError(
        `pad: got begin ${formatShape(begin)} and end ${formatShape(end)}, expected ${shape.length} of each ` +
          `(input shapes: ${formatShape(shape)})`,
      );
    }
    if (mode === "reflect" && !shape.every((size, axis) => begin[axis]! < size && end[axis]! < size)) {
      throw new ShapeError(
        `pad: got begin ${formatShape(begin)} and end ${formatShape(end)}, expected each less than the size that it ` +
          `reflects (input shapes: ${formatShape(shape)})`,
      );
    }
    if (dtype !== "f32" && dtype !== "f16" && !isWord(value, dtype))
      throw new ShapeError(`pad: value is ${value}, expected an integer of ${dtype}`);
    return [{ shape: shape.map((size, axis) => begin[axis]! + size + end[axis]!), dtype }];
  },
  cost: (call) => ({ flop: 0, bytes: operandBytes(call) }),
  kernels: [gather],
  gradient({ inputs, outputGradients, attrs: { begin, end, mode }, type, apply }) {
    const [gy] = outputGradients as [(typeof inputs)[number]];
    if (mode !== "constant") return [apply(padGradient, [gy], { begin, end, mode })];
    const ends = type(inputs[0]!).shape.map((size, axis) => begin[axis]! + size);
    return [apply(slice, [gy], { starts: begin, ends })];
  },
};
