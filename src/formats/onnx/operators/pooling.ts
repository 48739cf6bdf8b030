// Averages over windows, averages and maxima over whole images.
// Source: https://onnx.ai/onnx/operators/onnx__AveragePool.html

import type { Value } from "../../../graph/ir/graph.ts";
import { mul } from "../../../ops/elementwise/arithmetic.ts";
import { adaptiveAveragePool2d, adaptiveAveragePool3d } from "../../../ops/pool/adaptive-average-pool.ts";
import { averagePool2d, averagePool3d } from "../../../ops/pool/average-pool.ts";
import { amax, mean } from "../../../ops/reduce/reductions.ts";
import type { SpaceTypes } from "../../../ops/walk/window.ts";
import { elementCount } from "../../../tensor.ts";
import { hostTensor } from "../host-tensor.ts";
import type { NodeContext } from "../node-context.ts";
import { ensure } from "../unsupported.ts";
import type { OnnxOperator, OperatorTable } from "./operator.ts";
import { padWhereWide } from "./wide-padding.ts";
import { type Form, imageForm, inPlanes, poolSizes, step, volumeForm, type Window } from "./window.ts";

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
      ...poolSizes(form, window),
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
  AveragePool: averagePool,
  GlobalAveragePool: globalAveragePool,
  GlobalMaxPool: globalMaxPool,
};
