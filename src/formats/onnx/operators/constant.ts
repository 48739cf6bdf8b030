// Tensors that the graph itself states or that follow from shapes.

import { elementCount, type Shape } from "../../../tensor.ts";
import { elementType, elementTypeName, isComputable, isFloat } from "../element-type.ts";
import { type HostTensor, hostShape, hostTensor } from "../host-tensor.ts";
import type { NodeContext } from "../node-context.ts";
import { computed, type Operand } from "../operand.ts";
import { ensure, UnsupportedNode } from "../unsupported.ts";
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

/** Between types that the GPU computes as f32 a cast does nothing; others are for known tensors. */
function cast(node: NodeContext, code: number): Operand {
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
  // On the GPU indices are i32, whatever the model calls them.
  const isIndex = [operand.type, type].every((one) => one === "i32" || one === "i64");
  if (isIndex && operand.kind === "computed") return computed(type, operand.value);
  ensure(
    isComputable(operand.type) && isComputable(type),
    `casts from ${operand.type} to ${type} are computed on constants only`,
  );
  return computed(type, node.value(0));
}

const where: OnnxOperator = {
  build(node) {
    const all = node.allKnown();
    if (all) return elementwise(node, all, (condition, a, b) => (condition ? a! : b!), all[1]!.type);
    const condition = Array.from(node.known(0, "condition").data);
    const chosen = node.operand(condition.every((value) => value !== 0) ? 1 : 2);
    const isUniform = condition.every((value) => (value !== 0) === (condition[0] !== 0));
    const isWhole = [0, 1, 2].every((index) => fitsIn(node.operand(index).shape, chosen.shape));
    ensure(isUniform && isWhole, "it chooses element by element, which is computed on constants only");
    return chosen;
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
  Cast: { since: 6, build: (node) => cast(node, node.int("to", 0)) },
  CastLike: {
    build(node) {
      const like = node.operand(1).type;
      const code = [...Array(17).keys()].find((candidate) => elementType(candidate) === like) ?? 0;
      return cast(node, code);
    },
  },
  Where: where,
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
