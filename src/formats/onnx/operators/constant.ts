// Tensors that the graph itself states or that follow from shapes.

import type { Value } from "../../../graph/ir/graph.ts";
import { add, sub } from "../../../ops/elementwise/arithmetic.ts";
import { cast } from "../../../ops/elementwise/cast.ts";
import { equal, logicalNot, where } from "../../../ops/elementwise/masks.ts";
import { roundTo } from "../../../ops/elementwise/round-to.ts";
import { elementCount, type Shape } from "../../../tensor.ts";
import { deviceType, type ElementType, elementType, elementTypeName, isFloat } from "../element-type.ts";
import { type HostTensor, hostShape, hostTensor } from "../host-tensor.ts";
import type { NodeContext } from "../node-context.ts";
import { computed, type Operand } from "../operand.ts";
import { ensure, UnsupportedNode } from "../unsupported.ts";
import { remainder } from "./arithmetic.ts";
import { elementwise } from "./elementwise.ts";
import type { OnnxOperator, OperatorTable } from "./operator.ts";

const constant: OnnxOperator = {
  build(node) {
    const tensor = node.tensor("value") ?? literal(node);
    return node.fold(tensor.shape, () => tensor);
  },
};

function literal(node: NodeContext): HostTensor {
  const float = node.float("value_float", undefined);
  if (float !== undefined) return hostTensor("f32", [], [float]);
  const int = node.int("value_int", undefined);
  if (int !== undefined) return hostTensor("i64", [], [int]);
  const floats = node.floats("value_floats", undefined);
  if (floats) return hostTensor("f32", [floats.length], floats);
  const ints = node.ints("value_ints", undefined);
  if (ints) return hostShape(ints);
  throw new UnsupportedNode("its value is no dense tensor of numbers");
}

const constantOfShape: OnnxOperator = {
  build(node) {
    const shape = Array.from(node.known(0, "shape").data);
    ensure(
      shape.every((size) => Number.isSafeInteger(size) && size >= 0),
      `shape is ${shape.join(", ")}`,
    );
    const value = node.tensor("value") ?? hostTensor("f32", [1], [0]);
    return node.fold(shape, () => ({
      type: value.type,
      shape,
      data: new Float64Array(elementCount(shape)).fill(value.data[0] ?? 0),
    }));
  },
};

const range: OnnxOperator = {
  build(node) {
    const [start, limit, delta] = ["start", "limit", "delta"].map((name, i) => node.known(i, name).data[0] ?? 0);
    const count = Math.max(0, Math.ceil((limit! - start!) / delta!));
    ensure(Number.isSafeInteger(count), `start ${start}, limit ${limit} and delta ${delta} have no end`);
    return node.fold([count], () => {
      const values = Float64Array.from({ length: count }, (_, i) => start! + i * delta!);
      return hostTensor(node.operand(0).type, [count], values);
    });
  },
};

/** `start` and `end` came with operator set 15. */
const shapeOf: OnnxOperator = {
  build(node) {
    const { shape } = node.operand(0);
    return node.fold([shape.length], () => hostShape(shape.slice(node.int("start", 0), node.int("end", shape.length))));
  },
};

const size: OnnxOperator = {
  build: (node) => node.fold([], () => hostTensor("i64", [], [elementCount(node.operand(0).shape)])),
};

/** Known tensors are converted now; on the GPU only what it holds in different ways. */
function castTo(node: NodeContext, code: number): Operand {
  // Only matters for floats of 8 bits, which are not read.
  node.ignore("saturate", "round_mode");
  const type = elementType(code);
  ensure(type !== undefined, `casts to ${elementTypeName(code)} are not computed`);
  const operand = node.operand(0);
  if (operand.type === type) return operand;
  const all = node.allKnown()?.slice(0, 1);
  if (all) {
    const truncate = type !== "bool" && !isFloat(type);
    return elementwise(node, all, (value) => (truncate ? Math.trunc(value!) : value!), type);
  }
  const [from, to] = [deviceType(operand.type), deviceType(type)];
  ensure(
    from !== undefined && to !== undefined,
    `casts from ${operand.type} to ${type} are computed on constants only`,
  );
  const x = node.anyValue(0);
  if (type === "bool") {
    const zero = node.scalar("zero", 0, operand.type);
    return computed(type, node.apply(logicalNot, [node.apply(equal, [x, zero], {}, { part: "isZero" })], {}));
  }
  const bits = operand.type === "bool" ? undefined : narrowBits(operand.type, type);
  if (bits === undefined) {
    // The GPU holds halves as f32: a cast takes away the digits that they do not have.
    const narrow = (type === "f16" || type === "bf16") && operand.type !== "bool" ? type : undefined;
    if (from === to) return computed(type, narrow ? node.apply(roundTo, [x], { type: narrow }) : x);
    const converted = node.apply(cast, [x], { to }, narrow && { part: "wide" });
    return computed(type, narrow ? node.apply(roundTo, [converted], { type: narrow }) : converted);
  }
  const wide = from === to ? x : node.apply(cast, [x], { to }, { part: "wide" });
  return computed(type, wrapped(node, wide, bits));
}

/** Bits of an integer type, and whether one is its sign. */
interface Bits {
  readonly count: number;
  readonly signed: boolean;
}

const integers: Readonly<Partial<Record<ElementType, Bits>>> = {
  u8: { count: 8, signed: false },
  i8: { count: 8, signed: true },
  u16: { count: 16, signed: false },
  i16: { count: 16, signed: true },
};

/** The bits of a narrow type that does not hold all numbers of the other one. */
function narrowBits(from: ElementType, to: ElementType): Bits | undefined {
  const [source, target] = [integers[from], integers[to]];
  if (!target || !source) return target;
  const fits = target.count > source.count && (target.signed || !source.signed);
  return fits ? undefined : target;
}

/** x modulo 2^count, as C wraps around: from 0 on, or from -2^(count - 1) on. */
function wrapped(node: NodeContext, x: Value, { count, signed }: Bits): Value {
  const size = node.scalar("size", 2 ** count, "i32");
  const half = node.scalar("half", signed ? 2 ** (count - 1) : 0, "i32");
  const shifted = signed ? node.apply(add, [x, half], {}, { part: "shifted" }) : x;
  const rest = remainder(node, { a: shifted, b: size }, "rest");
  const above = node.apply(add, [rest, size], {}, { part: "above" });
  const unsigned = remainder(node, { a: above, b: size }, signed ? "unsigned" : undefined);
  return signed ? node.apply(sub, [unsigned, half], {}) : unsigned;
}

const whereOf: OnnxOperator = {
  build(node) {
    const all = node.allKnown();
    if (all) return elementwise(node, all, (condition, a, b) => (condition ? a! : b!), all[1]!.type);
    const { type } = node.operand(1);
    const condition = node.optionalTensor(0);
    if (condition) {
      const values = Array.from(condition.data, (value) => value !== 0);
      const chosen = node.operand(values[0] ? 1 : 2);
      const isWhole = [0, 1, 2].every((index) => fitsIn(node.operand(index).shape, chosen.shape));
      if (isWhole && values.every((value) => value === values[0])) return chosen;
    }
    ensure(node.operand(0).type === "bool", `input 0 is ${node.operand(0).type}, expected bool`);
    const inputs = [0, 1, 2].map((index) => node.anyValue(index));
    return computed(type, node.apply(where, inputs, {}));
  },
};

/** Whether broadcasting to `whole` leaves `whole` as it is. */
function fitsIn(part: Shape, whole: Shape): boolean {
  const missing = whole.length - part.length;
  return missing >= 0 && part.every((size, axis) => size === 1 || size === whole[axis + missing]);
}

export const constants: OperatorTable = {
  Constant: constant,
  ConstantOfShape: constantOfShape,
  Range: range,
  Shape: shapeOf,
  Size: size,
  Cast: { since: 6, build: (node) => castTo(node, node.int("to", 0)) },
  CastLike: {
    build(node) {
      const like = node.operand(1).type;
      const code = [...Array(17).keys()].find((candidate) => elementType(candidate) === like) ?? 0;
      return castTo(node, code);
    },
  },
  Where: whereOf,
  Identity: { build: (node) => node.operand(0) },
  Dropout: { build: dropout },
};

/** At inference nothing is dropped; the mask then is all true. */
function dropout(node: NodeContext): readonly Operand[] {
  node.ignore("ratio", "seed", "consumed_inputs");
  if (node.opset < 7) ensure(node.int("is_test", 0) !== 0, "training is not computed, expected is_test = 1");
  const training = node.optionalKnown(2, "training_mode")?.data[0] ?? 0;
  ensure(training === 0, "training is not computed, expected training_mode = false");
  const x = node.operand(0);
  if ((node.outputs[1] ?? "") === "") return [x];
  const type = node.opset < 10 ? x.type : "bool";
  const mask = node.fold(x.shape, () => hostTensor(type, x.shape, new Float64Array(elementCount(x.shape)).fill(1)));
  return [x, mask];
}
