// Elements and slices that indices name.
// Source: https://onnx.ai/onnx/operators/onnx__Gather.html, and the pages of the others.

import { gather, gatherElements } from "../../../ops/move/gather.ts";
import { reshape } from "../../../ops/move/reshape.ts";
import { elementCount, formatShape, type Shape } from "../../../tensor.ts";
import { type HostTensor, hostTensor } from "../host-tensor.ts";
import { ensure } from "../unsupported.ts";
import { resolveAxis } from "./axes.ts";
import type { OnnxOperator, OperatorTable } from "./operator.ts";
import { cut } from "./selection.ts";

/** Slices of input 0; at known indices with one step between them, one slice. */
const gatherOf: OnnxOperator = {
  build(node) {
    const { shape } = node.operand(0);
    const axis = resolveAxis(node.int("axis", 0), shape.length);
    const size = shape[axis]!;
    const indices = node.optionalTensor(1);
    if (!indices) return node.result(node.apply(gather, [node.anyValue(0), node.anyValue(1)], { axis }));
    const at = Array.from(indices.data, (index) => (index < 0 ? index + size : index));
    ensure(
      at.every((index) => index >= 0 && index < size),
      `indices are ${at.slice(0, 8).join(", ")}, expected 0 to ${size - 1}`,
    );
    const target = [...shape.slice(0, axis), ...indices.shape, ...shape.slice(axis + 1)];
    const tensor = node.optionalTensor(0);
    if (tensor) return node.fold(target, () => gatherKnown(tensor, axis, at, target));
    const step = at.length < 2 ? 1 : at[1]! - at[0]!;
    const isRun = step > 0 && at.length > 0 && at.every((index, i) => index === at[0]! + i * step);
    if (!isRun) {
      const index = node.constant("index", hostTensor("i32", indices.shape, at));
      return node.result(node.apply(gather, [node.anyValue(0), index], { axis }));
    }
    const piece = node.asValue(cut(node, [{ axis, start: at[0]!, step, count: at.length }], "piece"), "a piece");
    return node.result(node.apply(reshape, [piece], { shape: target }));
  },
};

/** Of indices [..., 1], which name whole slices along the first axis. */
const gatherND: OnnxOperator = {
  build(node) {
    const indices = node.operand(1);
    ensure(node.int("batch_dims", 0) === 0, "batch_dims above 0 are not computed");
    ensure(indices.shape.at(-1) === 1, `indices are ${formatShape(indices.shape)}, expected [..., 1]`);
    const index = node.apply(reshape, [node.anyValue(1)], { shape: indices.shape.slice(0, -1) }, { part: "index" });
    return node.result(node.apply(gather, [node.anyValue(0), index], { axis: 0 }));
  },
};

function gatherKnown(tensor: HostTensor, axis: number, at: readonly number[], shape: Shape): HostTensor {
  const inner = elementCount(tensor.shape.slice(axis + 1));
  const outer = elementCount(tensor.shape.slice(0, axis));
  const size = tensor.shape[axis]!;
  const data = new Float64Array(elementCount(shape));
  let next = 0;
  for (let o = 0; o < outer; o++) {
    for (const index of at) {
      for (let i = 0; i < inner; i++) data[next++] = tensor.data[(o * size + index) * inner + i]!;
    }
  }
  return { type: tensor.type, shape, data };
}

const gatherElementsOf: OnnxOperator = {
  build(node) {
    const axis = resolveAxis(node.int("axis", 0), node.operand(0).shape.length);
    return node.result(node.apply(gatherElements, [node.anyValue(0), node.anyValue(1)], { axis }));
  },
};

export const gathering: OperatorTable = { Gather: gatherOf, GatherND: gatherND, GatherElements: gatherElementsOf };
