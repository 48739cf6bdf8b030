// Max pooling with the places of the maxima, and its partial inverse. ONNX counts indices through the whole tensor [N, C, ...],
// the engine within each plane, as PyTorch does.
// Sources: https://onnx.ai/onnx/operators/onnx__MaxPool.html, https://onnx.ai/onnx/operators/onnx__MaxUnpool.html

import type { Value } from "../../../graph/ir/graph.ts";
import { add, div, mul } from "../../../ops/elementwise/arithmetic.ts";
import { reshape } from "../../../ops/move/reshape.ts";
import { maxPool2d, maxPool3d } from "../../../ops/pool/max-pool.ts";
import { maxUnpool2d, maxUnpool3d } from "../../../ops/pool/max-unpool.ts";
import type { SpaceTypes } from "../../../ops/walk/window.ts";
import { elementCount, formatShape, type Shape, shapesEqual } from "../../../tensor.ts";
import { hostTensor, stridesOf } from "../host-tensor.ts";
import type { NodeContext } from "../node-context.ts";
import { computed, type Operand, type PooledPlaces } from "../operand.ts";
import { ensure } from "../unsupported.ts";
import { remainder } from "./arithmetic.ts";
import type { OnnxOperator, OperatorTable } from "./operator.ts";
import { padWhereWide } from "./wide-padding.ts";
import { asPlanes, type Form, imageForm, poolSizes, readWindow, step, volumeForm, type Window } from "./window.ts";

const maxPool: OnnxOperator = {
  build(node) {
    const ceilMode = node.int("ceil_mode", 0) !== 0;
    // In which order the indices count.
    const byColumns = node.int("storage_order", 0) !== 0;
    const indices = (node.outputs[1] ?? "") !== "";
    const { x, window, padded } = padWhereWide(node, ceilMode, Number.NEGATIVE_INFINITY);
    ensure(!indices || !padded, "Indices with pads of more than half the kernel are not computed");
    const given = <T extends SpaceTypes>(form: Form<T>) => ({
      ...poolSizes(form, window),
      dilation: form.size(window.dilation, 1),
      ceilMode,
      indices,
    });
    const planes = asPlanes(node, x, "planes");
    const part = step(planes === x ? undefined : "row");
    const [pooled, places] =
      window.kernel.length === 3
        ? node.applyAll(maxPool3d, [x], given(volumeForm))
        : node.applyAll(maxPool2d, [planes], given(imageForm), part);
    const y = node.result(planes === x ? pooled! : asRow(node, pooled!));
    if (!places) return y;
    const flat = throughTensor(node, places, { size: planes.type.shape.slice(2), byColumns });
    const index = computed("i64", planes === x ? flat : asRow(node, flat, "indices.row"));
    return [y, byColumns ? index : { ...index, pooled: { places, window, size: x.type.shape.slice(2) } }];
  },
};

/** [N, C, 1, W] as [N, C, W]; without `part` it is the node. */
function asRow(node: NodeContext, value: Value, part?: string): Value {
  const [items, channels, , width] = value.type.shape;
  return node.apply(reshape, [value], { shape: [items!, channels!, width!] }, step(part));
}

/** Places within planes of `size`, as ONNX counts them: through all planes, and within a plane by rows or by columns. */
function throughTensor(
  node: NodeContext,
  places: Value,
  { size, byColumns }: { readonly size: Shape; readonly byColumns: boolean },
): Value {
  const [items, channels] = places.type.shape as readonly [number, number];
  const plane = elementCount(size);
  const planes = items * channels;
  ensure(planes * plane <= 2 ** 31, `indices through ${planes * plane} elements are no i32`);
  const ordered = byColumns ? columnPlaces(node, places, size) : places;
  const starts = Array.from({ length: planes }, (_, i) => i * plane);
  const start = node.constant("starts", hostTensor("i32", [items, channels, ...size.map(() => 1)], starts));
  return node.apply(add, [ordered, start], {}, { part: "indices" });
}

/** h * W + w as w * H + h. */
function columnPlaces(node: NodeContext, places: Value, size: Shape): Value {
  ensure(size.length === 2, "storage_order = 1 of volumes is not computed");
  const [height, width] = size.map((pixels, axis) => node.scalar(`size${axis}`, pixels, "i32"));
  const row = node.apply(div, [places, width!], {}, { part: "row" });
  const column = remainder(node, { a: places, b: width! }, "column");
  return node.apply(add, [node.apply(mul, [column, height!], {}, { part: "above" }), row], {}, { part: "byColumns" });
}

const maxUnpool: OnnxOperator = {
  since: 9,
  build(node) {
    const x = node.value(0);
    const window = readWindow(node, x.type.shape, undefined);
    const size = unpooledSize(node, window);
    const planes = asPlanes(node, x, "planes");
    const places = placesOf(node, window, size);
    const given = <T extends SpaceTypes>(form: Form<T>) => ({
      ...poolSizes(form, window),
      outputSize: form.size(size, 1),
    });
    if (size.length === 3) return node.result(node.apply(maxUnpool3d, [x, places], given(volumeForm)));
    const part = step(planes === x ? undefined : "row");
    const y = node.apply(maxUnpool2d, [planes, places], given(imageForm), part);
    return node.result(planes === x ? y : asRow(node, y));
  },
};

/** Of the spatial axes: `output_shape`, or what the windows fill. */
function unpooledSize(node: NodeContext, { kernel, stride, dilation, before, after }: Window): Shape {
  const { shape } = node.operand(0);
  ensure(
    dilation.every((distance) => distance === 1),
    "attribute dilations is not known",
  );
  const filled = kernel.map(
    (taps, axis) => (shape[axis + 2]! - 1) * stride[axis]! + taps - before[axis]! - after[axis]!,
  );
  const stated = node.optionalKnown(2, "output_shape");
  if (!stated) return filled;
  const given = Array.from(stated.data);
  const fits = given.length === shape.length && shapesEqual(given.slice(0, 2), shape.slice(0, 2));
  ensure(fits, `output_shape is ${formatShape(given)} for x ${formatShape(shape)}`);
  const size = given.slice(2);
  // In the standard's own test such indices count in the smaller tensor, in ONNX Runtime in the larger one.
  const isClear = shapesEqual(size, filled) || pooledPlaces(node.operand(1)) !== undefined;
  ensure(
    isClear,
    `output_shape is ${formatShape(size)}, not ${formatShape(filled)}: what indices count in is not settled`,
  );
  return size;
}

function pooledPlaces(operand: Operand): PooledPlaces | undefined {
  return operand.kind === "computed" ? operand.pooled : undefined;
}

/** Places within planes of `size`: those of the MaxPool before, or constants that are checked. */
function placesOf(node: NodeContext, window: Window, size: Shape): Value {
  const indices = node.operand(1);
  const { shape } = node.operand(0);
  ensure(shapesEqual(indices.shape, shape), `indices are ${formatShape(indices.shape)} for x ${formatShape(shape)}`);
  const pooled = pooledPlaces(indices);
  if (pooled) {
    const isSame = (["kernel", "stride", "before", "after", "dilation"] as const).every((key) =>
      shapesEqual(pooled.window[key], window[key]),
    );
    ensure(isSame, "its indices are of a MaxPool with another window");
    ensure(
      shapesEqual(pooled.size, size),
      `its output is ${formatShape(size)}, its indices count in ${formatShape(pooled.size)}`,
    );
    return pooled.places;
  }
  const known = node.optionalTensor(1);
  ensure(known !== undefined, "its indices are data, expected those of a MaxPool, or constants");
  const plane = elementCount(size);
  const windows = elementCount(shape.slice(2));
  const places = Array.from(known.data, (index, i) => index - Math.floor(i / windows) * plane);
  const odd = places.findIndex((place, i) => !isInWindow(place, i % windows, { shape: shape.slice(2), window, size }));
  ensure(odd < 0, `index ${known.data[odd]} is not in its window`);
  const [items, channels, ...counts] = shape;
  const asImage = counts.length === 1 ? [items!, channels!, 1, counts[0]!] : shape;
  return node.constant("places", hostTensor("i32", asImage, places));
}

/** Whether a place in a plane of `size` is in window `i` of those that lie in `shape`. */
function isInWindow(
  place: number,
  i: number,
  { shape, window, size }: { readonly shape: Shape; readonly window: Window; readonly size: Shape },
): boolean {
  if (place < 0 || place >= elementCount(size)) return false;
  const [at, which] = [stridesOf(size), stridesOf(shape)];
  return size.every((pixels, axis) => {
    const position = Math.floor(place / at[axis]!) % pixels;
    const start = (Math.floor(i / which[axis]!) % shape[axis]!) * window.stride[axis]! - window.before[axis]!;
    return position >= start && position < start + window.kernel[axis]!;
  });
}

export const maxPooling: OperatorTable = { MaxPool: maxPool, MaxUnpool: maxUnpool };
