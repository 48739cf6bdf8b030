// Pools over windows and over whole images.
// Sources: https://onnx.ai/onnx/operators/onnx__MaxPool.html, https://onnx.ai/onnx/operators/onnx__AveragePool.html

import type { Value } from "../../../graph/graph.ts";
import { adaptiveAveragePool2d, adaptiveAveragePool3d } from "../../../ops/adaptive-average-pool.ts";
import { mul } from "../../../ops/arithmetic.ts";
import { averagePool2d, averagePool3d } from "../../../ops/average-pool.ts";
import { maxPool2d, maxPool3d } from "../../../ops/max-pool.ts";
import { pad } from "../../../ops/pad.ts";
import { amax, mean } from "../../../ops/reductions.ts";
import type { SpaceTypes } from "../../../ops/window.ts";
import { elementCount } from "../../../tensor.ts";
import { hostTensor } from "../host-tensor.ts";
import type { NodeContext } from "../node-context.ts";
import { ensure } from "../unsupported.ts";
import type { OnnxOperator, OperatorTable } from "./operator.ts";
import { type Form, imageForm, inPlanes, readWindow, step, volumeForm, type Window } from "./window.ts";

const maxPool: OnnxOperator = {
  build(node) {
    // Only tells in which order indices count.
    node.ignore("storage_order");
    const ceilMode = node.int("ceil_mode", 0) !== 0;
    const { x, window } = padWhereWide(node, ceilMode, Number.NEGATIVE_INFINITY);
    const given = <T extends SpaceTypes>(form: Form<T>) => ({
      ...sizes(form, window),
      dilation: form.size(window.dilation, 1),
      ceilMode,
    });
    if (window.kernel.length === 3) return node.result(node.apply(maxPool3d, [x], given(volumeForm)));
    return node.result(
      inPlanes(node, x, (image, part) => node.apply(maxPool2d, [image], given(imageForm), step(part))),
    );
  },
};

const averagePool: OnnxOperator = {
  build(node) {
    const ceilMode = node.int("ceil_mode", 0) !== 0;
    const countIncludePad = node.int("count_include_pad", 0) !== 0;
    const { x, window, padded } = padWhereWide(node, ceilMode, 0);
    const { dilation } = window;
    ensure(
      dilation.every((size) => size === 1),
      `dilations of ${dilation.join(", ")} are not computed, expected 1`,
    );
    // Where the padding is part of x, it is counted, and taken out again.
    const isCorrected = padded !== undefined && !countIncludePad;
    const given = <T extends SpaceTypes>(form: Form<T>) => ({
      ...sizes(form, window),
      ceilMode,
      countIncludePad: countIncludePad || isCorrected,
    });
    const own = (part: string | undefined) => step(isCorrected ? (part ?? "counted") : part);
    const y =
      window.kernel.length === 3
        ? node.apply(averagePool3d, [x], given(volumeForm), own(undefined))
        : inPlanes(node, x, (image, part) => node.apply(averagePool2d, [image], given(imageForm), own(part)));
    if (!isCorrected) return node.result(y);
    const factors = node.constant("factors", correction(padded, node.operand(0).shape.slice(2), y.type.shape.slice(2)));
    return node.result(node.apply(mul, [y, factors], {}));
  },
};

/** Elements of each window over those of them in the image. */
function correction({ kernel, stride, before }: Window, size: readonly number[], outSize: readonly number[]) {
  const counts = outSize.map((count, axis) =>
    Array.from({ length: count }, (_, i) => {
      const start = i * stride[axis]! - before[axis]!;
      return Math.min(start + kernel[axis]!, size[axis]!) - Math.max(start, 0);
    }),
  );
  const inside = counts.reduce((all, axis) => all.flatMap((a) => axis.map((b) => a * b)), [1]);
  ensure(
    inside.every((count) => count > 0),
    "a window lies in the padding alone, which does not count",
  );
  return hostTensor(
    "f32",
    outSize,
    inside.map((count) => elementCount(kernel) / count),
  );
}

/** A pool over all axes after N and C. */
const global = (pool: (node: NodeContext, x: Value, axes: readonly number[]) => Value): OnnxOperator => ({
  build(node) {
    const x = node.value(0);
    const rank = x.type.shape.length;
    ensure(rank >= 3, `x has ${rank} axes, expected [N, C, ...]`);
    return node.result(
      pool(
        node,
        x,
        Array.from({ length: rank - 2 }, (_, axis) => axis + 2),
      ),
    );
  },
});

const globalAveragePool = global((node, x, axes) => {
  if (axes.length === 2) return node.apply(adaptiveAveragePool2d, [x], { outputSize: 1 });
  if (axes.length === 3) return node.apply(adaptiveAveragePool3d, [x], { outputSize: 1 });
  return node.apply(mean, [x], { axes, keepDim: true });
});

const globalMaxPool = global((node, x, axes) => node.apply(amax, [x], { axes, keepDim: true }));

export const pooling: OperatorTable = {
  MaxPool: maxPool,
  AveragePool: averagePool,
  GlobalAveragePool: globalAveragePool,
  GlobalMaxPool: globalMaxPool,
};

function sizes<T extends SpaceTypes>(form: Form<T>, window: Window) {
  return { kernel: form.size(window.kernel, 1), stride: form.size(window.stride, 1), padding: form.sides(window) };
}

/** Pools of this engine are padded by half the kernel at most, as PyTorch's. */
function isWide({ kernel, before, after }: Window): boolean {
  return [before, after].some((pads) => pads.some((size, axis) => size > Math.floor(kernel[axis]! / 2)));
}

/** Wider padding becomes part of x: `value` where it never counts, or counts as it should; `padded` is the window before. */
function padWhereWide(
  node: NodeContext,
  ceilMode: boolean,
  value: number,
): { x: Value; window: Window; padded?: Window } {
  const x = node.value(0);
  const window = readWindow(node, x.type.shape, undefined);
  if (!isWide(window)) return { x, window };
  ensure(!ceilMode, "pads of more than half the kernel are not computed with ceil_mode");
  const given = { begin: [0, 0, ...window.before], end: [0, 0, ...window.after], value };
  const none = window.before.map(() => 0);
  return {
    x: node.apply(pad, [x], given, { part: "pad" }),
    window: { ...window, before: none, after: none },
    padded: window,
  };
}
