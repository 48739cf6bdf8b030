// Reductions over axes.

import type { Value } from "../../../graph/graph.ts";
import { adaptiveAveragePool2d } from "../../../ops/adaptive-average-pool.ts";
import { argmax } from "../../../ops/argmax.ts";
import { maxPool2d } from "../../../ops/max-pool.ts";
import { reshape } from "../../../ops/reshape.ts";
import { transpose } from "../../../ops/transpose.ts";
import { elementCount, type Shape } from "../../../tensor.ts";
import { type HostTensor, stridesOf, toElement } from "../host-tensor.ts";
import type { NodeContext } from "../node-context.ts";
import { computed, type Operand } from "../operand.ts";
import { ensure } from "../unsupported.ts";
import { intsFrom, resolveAxes, resolveAxis } from "./axes.ts";
import type { OnnxOperator, OperatorTable } from "./operator.ts";

interface Reduction {
  /** Operator set from which the axes are an input. */
  readonly inputSince: number;
  /** Of all elements that become one. */
  readonly host: (values: readonly number[]) => number;
  /** [1, rows, H, W] to [1, rows, 1, 1]; absent where only known tensors are reduced. */
  readonly planes?: (node: NodeContext, planes: Value) => Value;
}

const reduce = ({ inputSince, host, planes }: Reduction): OnnxOperator => ({
  build(node) {
    const { shape } = node.operand(0);
    const given = intsFrom(node, "axes", { input: 1, inputSince });
    const keep = node.int("keepdims", 1) !== 0;
    const none = node.int("noop_with_empty_axes", 0) !== 0;
    if ((given?.length ?? 0) === 0 && none) return node.operand(0);
    const axes = given && given.length > 0 ? resolveAxes(given, shape.length) : shape.map((_, axis) => axis);
    const kept = shape.map((size, axis) => (axes.includes(axis) ? 1 : size));
    const target = keep ? kept : shape.filter((_, axis) => !axes.includes(axis));
    const tensor = node.optionalTensor(0);
    ensure(!tensor?.shape.includes(0), "it reduces nothing at all");
    if (tensor) return node.fold(target, () => reduceKnown(tensor, axes, target, host));
    ensure(planes !== undefined, "it is computed on constants only");
    return reducePlanes(node, { axes, target, planes });
  },
});

function reduceKnown(tensor: HostTensor, axes: readonly number[], shape: Shape, host: Reduction["host"]): HostTensor {
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

/** The axes that go are made the last two, where they are a plane, and those that stay the channels. */
function reducePlanes(
  node: NodeContext,
  given: {
    readonly axes: readonly number[];
    readonly target: Shape;
    readonly planes: NonNullable<Reduction["planes"]>;
  },
): Operand {
  const x = node.value(0);
  const { shape } = x.type;
  const staying = shape.map((_, axis) => axis).filter((axis) => !given.axes.includes(axis));
  const order = [...staying, ...given.axes];
  const isSorted = order.every((axis, i) => axis === i);
  const sorted = isSorted ? x : node.apply(transpose, [x], { permutation: order }, { part: "sorted" });
  const rows = elementCount(staying.map((axis) => shape[axis]!));
  const width = shape[given.axes.at(-1) ?? 0] ?? 1;
  const planes = node.apply(reshape, [sorted], { shape: [1, rows, -1, width] }, { part: "planes" });
  return node.result(node.apply(reshape, [given.planes(node, planes)], { shape: given.target }));
}

const reduceMean = reduce({
  inputSince: 18,
  host: (values) => values.reduce((a, b) => a + b, 0) / values.length,
  planes: (node, x) => node.apply(adaptiveAveragePool2d, [x], { outputSize: 1 }, { part: "mean" }),
});

const reduceMax = reduce({
  inputSince: 18,
  host: (values) => Math.max(...values),
  planes(node, x) {
    const [, , height, width] = x.type.shape as readonly [number, number, number, number];
    return node.apply(maxPool2d, [x], { kernel: [height, width] }, { part: "max" });
  },
});

/** The GPU's indices are i32; those of ONNX i64. */
const argMax: OnnxOperator = {
  build(node) {
    ensure(node.int("select_last_index", 0) === 0, "select_last_index = 1 is not computed");
    const { shape } = node.operand(0);
    const axis = resolveAxis(node.int("axis", 0), shape.length);
    const given = { axis, keepDim: node.int("keepdims", 1) !== 0 };
    return computed("i64", node.apply(argmax, [node.value(0)], given));
  },
};

export const reduction: OperatorTable = {
  ReduceMean: reduceMean,
  ReduceMax: reduceMax,
  ReduceMin: reduce({ inputSince: 18, host: (values) => Math.min(...values) }),
  ReduceSum: reduce({ inputSince: 13, host: (values) => values.reduce((a, b) => a + b, 0) }),
  ReduceProd: reduce({ inputSince: 18, host: (values) => values.reduce((a, b) => a * b, 1) }),
  ArgMax: argMax,
};
