// Conv and ConvTranspose.
// Sources: https://onnx.ai/onnx/operators/onnx__Conv.html, https://onnx.ai/onnx/operators/onnx__ConvTranspose.html

import type { Value } from "../../../graph/ir/graph.ts";
import { conv2d, convTranspose2d } from "../../../ops/conv/conv2d.ts";
import { conv3d, convTranspose3d } from "../../../ops/conv/conv3d.ts";
import { type PadAttributes, pad } from "../../../ops/move/slice-pad.ts";
import type { SpaceTypes } from "../../../ops/walk/window.ts";
import { formatShape } from "../../../tensor.ts";
import type { NodeContext } from "../node-context.ts";
import { ensure } from "../unsupported.ts";
import type { OnnxOperator, OperatorTable } from "./operator.ts";
import {
  asPlanes,
  autoPad,
  type Form,
  imageForm,
  inPlanes,
  readWindow,
  spatialRank,
  split,
  step,
  volumeForm,
  type Window,
} from "./window.ts";

const conv: OnnxOperator = {
  build(node) {
    // The window of auto_pad depends on the padded size: the two do not mix.
    const padded = node.value(0);
    const { source: x, before, after } = autoPad(node) === "NOTSET" ? withoutPad(padded) : unpadded(padded);
    const weight = node.value(1);
    const own = readWindow(node, x.type.shape, weight.type.shape.slice(2));
    const padding = { before: sum(own.before, before), after: sum(own.after, after) };
    ensure(
      [...padding.before, ...padding.after].every((size) => size >= 0),
      "pads below 0 are not computed",
    );
    const groups = node.int("group", 1);
    const given = <T extends SpaceTypes>(form: Form<T>) => ({
      stride: form.size(own.stride, 1),
      dilation: form.size(own.dilation, 1),
      padding: form.sides(padding),
      groups,
    });
    if (own.kernel.length === 3) {
      return node.result(node.apply(conv3d, [x, weight], given(volumeForm), biasOf(node)));
    }
    const planes = asPlanes(node, weight, "weight");
    const y = inPlanes(node, x, (image, part) =>
      node.apply(conv2d, [image, planes], given(imageForm), { ...step(part), ...biasOf(node) }),
    );
    return node.result(y);
  },
};

const convTranspose: OnnxOperator = {
  build(node) {
    const x = node.value(0);
    const weight = node.value(1);
    const window = readWindow(node, x.type.shape, weight.type.shape.slice(2));
    const { before, after, outputPadding } = transposedPads(node, x.type.shape.slice(2), window);
    ensure(
      [...before, ...after].every((size) => size >= 0),
      "pads below 0 are not computed",
    );
    const groups = node.int("group", 1);
    const given = <T extends SpaceTypes>(form: Form<T>) => ({
      stride: form.size(window.stride, 1),
      dilation: form.size(window.dilation, 1),
      padding: form.sides({ before, after }),
      outputPadding: form.size(outputPadding, 0),
      groups,
    });
    if (window.kernel.length === 3) {
      return node.result(node.apply(convTranspose3d, [x, weight], given(volumeForm), biasOf(node)));
    }
    const planes = asPlanes(node, weight, "weight");
    const y = inPlanes(node, x, (image, part) =>
      node.apply(convTranspose2d, [image, planes], given(imageForm), { ...step(part), ...biasOf(node) }),
    );
    return node.result(y);
  },
};

export const convolution: OperatorTable = { Conv: conv, ConvTranspose: convTranspose };

function biasOf(node: NodeContext): { readonly bias?: Value } {
  return node.inputs[2] === undefined ? {} : { bias: node.value(2) };
}

/**
 * Pads of a transposed convolution: as given; or such that the output has `output_shape`; or stride times the input with
 * `auto_pad` SAME. What is missing at the end of the output is output padding.
 */
function transposedPads(
  node: NodeContext,
  size: readonly number[],
  { kernel, stride, dilation, before, after }: Window,
): { before: readonly number[]; after: readonly number[]; outputPadding: readonly number[] } {
  const auto = autoPad(node);
  const outputPadding = node.ints("output_padding", undefined) ?? size.map(() => 0);
  ensure(outputPadding.length === size.length, `output_padding is ${formatShape(outputPadding)}`);
  const given = node.ints("output_shape", undefined);
  const isSame = auto === "SAME_UPPER" || auto === "SAME_LOWER";
  if (given === undefined && !isSame) return { before, after, outputPadding };
  const rank = spatialRank([1, 1, ...size]);
  // Some exporters write all axes.
  const wanted = given?.slice(-rank) ?? size.map((pixels, axis) => pixels * stride[axis]!);
  const total = size.map((pixels, axis) => {
    const full = (pixels - 1) * stride[axis]! + dilation[axis]! * (kernel[axis]! - 1) + 1;
    return full + outputPadding[axis]! - wanted[axis]!;
  });
  const pads = split(
    total.map((sum) => Math.max(sum, 0)),
    // Without SAME_UPPER the standard puts the odd pixel before.
    auto === "SAME_UPPER" ? "SAME_UPPER" : "SAME_LOWER",
  );
  return { ...pads, outputPadding: outputPadding.map((extra, axis) => extra + Math.max(-total[axis]!, 0)) };
}

/** An image and the zeros around it. */
interface Padded {
  readonly source: Value;
  readonly before: readonly number[];
  readonly after: readonly number[];
}

function unpadded(source: Value): Padded {
  const none = source.type.shape.slice(2).map(() => 0);
  return { source, before: none, after: none };
}

/** Zeros that a Pad put around images are the convolution's own padding. */
function withoutPad(x: Value): Padded {
  const { producer } = x;
  if (producer?.operator.name !== pad.name) return unpadded(x);
  const { begin, end, mode, value } = producer.attrs as PadAttributes;
  const isZero = mode === "constant" && value === 0 && [begin, end].every((sizes) => sizes[0] === 0 && sizes[1] === 0);
  if (!isZero) return unpadded(x);
  return { source: producer.inputs[0]!, before: begin.slice(2), after: end.slice(2) };
}

function sum(a: readonly number[], b: readonly number[]): number[] {
  return a.map((value, i) => value + b[i]!);
}
