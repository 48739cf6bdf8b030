// Reductions over axes.

import type { Value } from "../../../graph/ir/graph.ts";
import { mul, sub } from "../../../ops/elementwise/arithmetic.ts";
import { abs, log, neg } from "../../../ops/elementwise/unary.ts";
import { gather } from "../../../ops/move/gather.ts";
import type { Operator } from "../../../ops/operator.ts";
import { argmax } from "../../../ops/reduce/argmax.ts";
import type { ReductionGiven } from "../../../ops/reduce/reduce.ts";
import { amax, amin, l2Norm, logSumExp, mean, prod } from "../../../ops/reduce/reductions.ts";
import { sum } from "../../../ops/reduce/sum-expand.ts";
import { elementCount, type Shape } from "../../../tensor.ts";
import { type HostTensor, hostTensor, stridesOf, toElement } from "../host-tensor.ts";
import type { NodeContext } from "../node-context.ts";
import { computed } from "../operand.ts";
import { ensure } from "../unsupported.ts";
import { intsFrom, resolveAxes, resolveAxis } from "./axes.ts";
import type { OnnxOperator, OperatorTable } from "./operator.ts";
import { step } from "./window.ts";

interface Reduction {
  readonly operator: Operator<object, ReductionGiven>;
  /** Of all elements that become one; absent where only the GPU reduces. */
  readonly host?: (values: readonly number[]) => number;
  /** An input as the operator takes it. Default: floats. */
  readonly input?: (node: NodeContext, index: number) => Value;
  /** Done to each element before. */
  readonly before?: (node: NodeContext, x: Value) => Value;
  /** Done to the result. */
  readonly after?: Operator;
  /** Operator set from which the axes are an input. Default 18. */
  readonly inputSince?: number;
}

const reduce = (given: Reduction): OnnxOperator => ({
  build(node) {
    const { operator, host, input, before, after, inputSince = 18 } = given;
    const { shape } = node.operand(0);
    const stated = intsFrom(node, "axes", { input: 1, inputSince });
    const keep = node.int("keepdims", 1) !== 0;
    const none = node.int("noop_with_empty_axes", 0) !== 0;
    const isEmpty = (stated?.length ?? 0) === 0;
    if (isEmpty && none && !before && !after) return node.operand(0);
    const all = shape.map((_, axis) => axis);
    const axes = isEmpty ? (none ? [] : all) : resolveAxes(stated!, shape.length);
    const tensor = host && node.optionalTensor(0);
    ensure(!shape.includes(0), "it reduces nothing at all");
    if (tensor) {
      const kept = shape.map((size, axis) => (axes.includes(axis) ? 1 : size));
      const target = keep ? kept : shape.filter((_, axis) => !axes.includes(axis));
      return node.fold(target, () => reduceKnown(tensor, axes, target, host));
    }
    const x = input ? input(node, 0) : node.value(0);
    const options = { axes, keepDim: keep };
    const reduced = node.apply(operator, [before ? before(node, x) : x], options, step(after && "reduced"));
    return node.result(after ? node.apply(after, [reduced], {}) : reduced);
  },
});

function reduceKnown(
  tensor: HostTensor,
  axes: readonly number[],
  shape: Shape,
  host: (values: readonly number[]) => number,
): HostTensor {
  const strides = stridesOf(tensor.shape);
  const groups = new Map<number, number[]>();
  const targetStrides = stridesOf(tensor.shape.map((size, axis) => (axes.includes(axis) ? 1 : size)));
  for (let i = 0; i < tensor.data.length; i++) {
    const group = tensor.shape.reduce((sum, size, axis) => {
      if (axes.includes(axis)) return sum;
      return sum + (Math.floor(i / strides[axis]!) % size) * targetStrides[axis]!;
    }, 0);
    const values = groups.get(group);
    if (values) values.push(tensor.data[i]!);
    else groups.set(group, [tensor.data[i]!]);
  }
  const count = elementCount(shape);
  const data = Float64Array.from({ length: count }, (_, i) => toElement(tensor.type, host(groups.get(i) ?? [])));
  return { type: tensor.type, shape, data };
}

const number = (node: NodeContext, index: number): Value => node.number(index);
const any = (node: NodeContext, index: number): Value => node.anyValue(index);
const square = (node: NodeContext, x: Value): Value => node.apply(mul, [x, x], {}, { part: "squares" });
const total = (values: readonly number[]): number => values.reduce((a, b) => a + b, 0);

/** Index of the largest or smallest element. The GPU's indices are i32; those of ONNX i64. */
const indexOf = (smallest: boolean): OnnxOperator => ({
  build(node) {
    const { shape } = node.operand(0);
    const axis = resolveAxis(node.int("axis", 0), shape.length);
    const given = { axis, keepDim: node.int("keepdims", 1) !== 0 };
    const isLast = node.int("select_last_index", 0) !== 0;
    let x = node.value(0);
    if (smallest) x = node.apply(neg, [x], {}, { part: "negated" });
    if (!isLast) return computed("i64", node.apply(argmax, [x], given));
    // The first one from the other end.
    const size = shape[axis]!;
    const places = hostTensor(
      "i32",
      [size],
      Array.from({ length: size }, (_, i) => size - 1 - i),
    );
    const turned = node.apply(gather, [x, node.constant("places", places)], { axis }, { part: "turned" });
    const index = node.apply(argmax, [turned], given, { part: "index" });
    return computed("i64", node.apply(sub, [node.scalar("last", size - 1, "i32"), index], {}));
  },
});

export const reduction: OperatorTable = {
  ReduceMean: reduce({ operator: mean, host: (values) => total(values) / values.length }),
  ReduceSum: reduce({ operator: sum, host: total, input: number, inputSince: 13 }),
  ReduceProd: reduce({ operator: prod, host: (values) => values.reduce((a, b) => a * b, 1), input: number }),
  ReduceMax: reduce({ operator: amax, host: (values) => Math.max(...values), input: any }),
  ReduceMin: reduce({ operator: amin, host: (values) => Math.min(...values), input: any }),
  ReduceL1: reduce({ operator: sum, before: (node, x) => node.apply(abs, [x], {}, { part: "abs" }) }),
  ReduceL2: reduce({ operator: l2Norm }),
  ReduceSumSquare: reduce({ operator: sum, input: number, before: square }),
  ReduceLogSum: reduce({ operator: sum, after: log }),
  ReduceLogSumExp: reduce({ operator: logSumExp }),
  ArgMax: indexOf(false),
  ArgMin: indexOf(true),
};
