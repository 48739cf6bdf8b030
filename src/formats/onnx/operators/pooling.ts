// Pools over windows and over whole images.
// Sources: https://onnx.ai/onnx/operators/onnx__MaxPool.html, https://onnx.ai/onnx/operators/onnx__AveragePool.html

import type { Value } from "../../../graph/graph.ts";
import { adaptiveAveragePool2d } from "../../../ops/adaptive-average-pool.ts";
import { averagePool2d } from "../../../ops/average-pool.ts";
import { maxPool2d } from "../../../ops/max-pool.ts";
import { pad } from "../../../ops/pad.ts";
import { reshape } from "../../../ops/reshape.ts";
import type { Sides } from "../../../ops/window.ts";
import type { NodeContext } from "../node-context.ts";
import { ensure } from "../unsupported.ts";
import type { OnnxOperator, OperatorTable } from "./operator.ts";
import { inPlanes, pairOf, readWindow, sidesOf, step, type Window } from "./window.ts";

const maxPool: OnnxOperator = {
  build(node) {
    // Only tells in which order indices count.
    node.ignore("storage_order");
    const x = node.value(0);
    const window = readWindow(node, x.type.shape, undefined);
    const ceilMode = node.int("ceil_mode", 0) !== 0;
    const y = inPlanes(node, x, (image, part) => {
      const { padded, padding } = padWhereWide(node, image, window, ceilMode, Number.NEGATIVE_INFINITY);
      const given = { ...sizes(window), dilation: pairOf(window.dilation, 1), padding, ceilMode };
      return node.apply(maxPool2d, [padded], given, step(part));
    });
    return node.result(y);
  },
};

const averagePool: OnnxOperator = {
  build(node) {
    const x = node.value(0);
    const window = readWindow(node, x.type.shape, undefined);
    ensure(
      window.dilation.every((size) => size === 1),
      `dilations of ${window.dilation.join(", ")} are not computed, expected 1`,
    );
    const ceilMode = node.int("ceil_mode", 0) !== 0;
    const countIncludePad = node.int("count_include_pad", 0) !== 0;
    const y = inPlanes(node, x, (image, part) => {
      ensure(
        countIncludePad || !isWide(window),
        "pads of more than half the kernel that do not count are not computed",
      );
      const { padded, padding } = padWhereWide(node, image, window, ceilMode, 0);
      return node.apply(averagePool2d, [padded], { ...sizes(window), padding, ceilMode, countIncludePad }, step(part));
    });
    return node.result(y);
  },
};

/** [N, C, ...] to [N, C, 1, ...]: any number of spatial axes is as good as two. */
const global = (pool: (node: NodeContext, planes: Value, part: string | undefined) => Value): OnnxOperator => ({
  build(node) {
    const x = node.value(0);
    const { shape } = x.type;
    ensure(shape.length >= 3, `x has ${shape.length} axes, expected [N, C, ...]`);
    if (shape.length === 4) return node.result(pool(node, x, undefined));
    const planes = node.apply(reshape, [x], { shape: [...shape.slice(0, 3), -1] }, { part: "planes" });
    const means = pool(node, planes, "pool");
    return node.result(node.apply(reshape, [means], { shape: shape.map((size, axis) => (axis < 2 ? size : 1)) }));
  },
});

const globalAveragePool = global((node, x, part) =>
  node.apply(adaptiveAveragePool2d, [x], { outputSize: 1 }, step(part)),
);

const globalMaxPool = global((node, x, part) => {
  const [, , height, width] = x.type.shape as readonly [number, number, number, number];
  return node.apply(maxPool2d, [x], { kernel: [height, width] }, step(part));
});

export const pooling: OperatorTable = {
  MaxPool: maxPool,
  AveragePool: averagePool,
  GlobalAveragePool: globalAveragePool,
  GlobalMaxPool: globalMaxPool,
};

function sizes({ kernel, stride }: Window) {
  return { kernel: pairOf(kernel, 1), stride: pairOf(stride, 1) };
}

/** Pools of this engine are padded by half the kernel at most, as PyTorch's. */
function isWide({ kernel, before, after }: Window): boolean {
  return [before, after].some((pads) => pads.some((size, axis) => size > Math.floor(kernel[axis]! / 2)));
}

/** Wider padding becomes part of the image: `value` where it never counts, or counts as it should. */
function padWhereWide(
  node: NodeContext,
  image: Value,
  window: Window,
  ceilMode: boolean,
  value: number,
): { padded: Value; padding: Sides } {
  const padding = sidesOf(window);
  if (!isWide(window)) return { padded: image, padding };
  ensure(!ceilMode, "pads of more than half the kernel are not computed with ceil_mode");
  const [top, left, bottom, right] = padding;
  const given = { begin: [0, 0, top, left], end: [0, 0, bottom, right], value };
  return { padded: node.apply(pad, [image], given, { part: "pad" }), padding: [0, 0, 0, 0] };
}
