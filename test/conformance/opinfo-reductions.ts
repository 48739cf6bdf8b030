// PyTorch's reductions, norms, softmaxes and products of matrices as graphs.
import type { Value } from "../../src/graph/ir/graph.ts";
import {
  abs,
  add,
  amax,
  amin,
  argmax,
  batchNorm,
  equal,
  gemm,
  groupNorm,
  instanceNorm,
  l2Norm,
  layerNorm,
  linear,
  logSoftmax,
  logSumExp,
  matmul,
  mean,
  mul,
  neg,
  type Operator,
  pow,
  prod,
  softmax,
  sum,
  where,
} from "../../src/ops/index.ts";
import { batchNormTraining } from "../../src/ops/norm/batch-norm-training.ts";
import type { ReductionAttributes, ReductionGiven } from "../../src/ops/reduce/reduce.ts";
import { type Call, OutOfScope, type Translation } from "./opinfo-call.ts";

export const reductions: Readonly<Record<string, Translation>> = {
  ...Object.fromEntries(
    Object.entries({ sum, mean, prod, amax, amin, logsumexp: logSumExp }).map(
      ([name, operator]): [string, Translation] => [
        name,
        {
          signature: "input dim keepdim dtype",
          build(call) {
            call.requireFloat32();
            const x = call.operand("input");
            return call.apply(operator, [x], over(call, x));
          },
        },
      ],
    ),
  ),
  argmax: {
    signature: "input dim keepdim",
    build(call) {
      const x = call.operand("input");
      const { shape } = x.type;
      const dim = call.get("dim");
      const keepDim = call.boolean("keepdim");
      if (dim !== null && shape.length > 0) return call.apply(argmax, [x], { axis: call.number("dim"), keepDim });
      const all = call.apply(argmax, [call.reshape(x, [-1])], { axis: 0 });
      return keepDim
        ? call.reshape(
            all,
            shape.map(() => 1),
          )
        : all;
    },
  },
  norm: { signature: "input p dim keepdim dtype", build: (call) => norm(call, "p", "fro") },
  "norm.fro": { signature: "input p dim keepdim dtype", build: (call) => norm(call, "p", "fro") },
  "norm.inf": { signature: "input p dim keepdim dtype", build: (call) => norm(call, "p", "fro") },
  "linalg.vector_norm": { signature: "input ord dim keepdim dtype", build: (call) => norm(call, "ord", 2) },
  softmax: { signature: "input dim dtype", build: (call) => alongAxis(call, softmax) },
  log_softmax: { signature: "input dim dtype", build: (call) => alongAxis(call, logSoftmax) },
  "nn.functional.softmin": { signature: "input dim dtype", build: (call) => alongAxis(call, softmax, true) },
};

export const normalizations: Readonly<Record<string, Translation>> = {
  "nn.functional.batch_norm": {
    signature: "input running_mean running_var weight bias training momentum eps",
    build(call) {
      call.ignore("momentum");
      if (!call.boolean("training")) return withStatistics(call);
      // Only updated, which is not the operator's job.
      call.ignore("running_mean", "running_var");
      const x = call.operand("input");
      return call.apply(batchNormTraining, [x, ...fullAffine(call, x)], { eps: epsOf(call) });
    },
  },
  "nn.functional.instance_norm": {
    signature: "input running_mean running_var weight bias use_input_stats momentum eps",
    build(call) {
      call.ignore("momentum");
      if (!call.boolean("use_input_stats", true)) return withStatistics(call);
      // Not used, only updated.
      call.ignore("running_mean", "running_var");
      const x = call.operand("input");
      return call.apply(instanceNorm, [x, ...affine(call, [x.type.shape[1]!])], { eps: epsOf(call) });
    },
  },
  "nn.functional.group_norm": {
    signature: "input num_groups weight bias eps",
    build(call) {
      const x = call.operand("input");
      const given = { groups: call.number("num_groups"), eps: epsOf(call) };
      return call.apply(groupNorm, [x, ...affine(call, [x.type.shape[1]!])], given);
    },
  },
  "nn.functional.layer_norm": {
    signature: "input normalized_shape weight bias eps",
    build(call) {
      const x = call.operand("input");
      const shape = call.list("normalized_shape") ?? [];
      return call.apply(layerNorm, [x, ...affine(call, shape)], { axis: -shape.length, eps: epsOf(call) });
    },
  },
};

export const products: Readonly<Record<string, Translation>> = {
  ...Object.fromEntries(["matmul", "mm", "bmm", "mv"].map((name) => [name, product(false)])),
  __rmatmul__: product(true),
  addmm: { signature: "input mat1 mat2 beta alpha", build: addMatrices },
  "addmm.decomposed": { signature: "input mat1 mat2 beta alpha", build: addMatrices },
  baddbmm: {
    signature: "input batch1 batch2 beta alpha",
    build(call) {
      const times = (x: Value, factor: string) => call.apply(mul, [x, call.scalar(call.number(factor, 1))], {});
      const y = call.apply(matmul, [call.operand("batch1"), call.operand("batch2")], {});
      return call.apply(add, [times(call.operand("input"), "beta"), times(y, "alpha")], {});
    },
  },
  "nn.functional.linear": {
    signature: "input weight bias",
    build(call) {
      const [x, weight, bias] = [call.operand("input"), call.operand("weight"), call.optional("bias")];
      const isVector = weight.type.shape.length === 1;
      const matrix = isVector ? call.reshape(weight, [1, ...weight.type.shape]) : weight;
      const rest = bias && call.reshape(bias, bias.type.shape.length === 0 ? [1] : bias.type.shape);
      const y = call.apply(linear, rest ? [x, matrix, rest] : [x, matrix], {});
      return isVector ? call.reshape(y, y.type.shape.slice(0, -1)) : y;
    },
  },
};

/** The axes to reduce; an empty list means all of them. A scalar has none, whatever the call says. */
function over(call: Call, x: Value): ReductionGiven {
  const axes = call.list("dim");
  const keepDim = call.boolean("keepdim");
  return axes === undefined || axes.length === 0 || x.type.shape.length === 0 ? { keepDim } : { axes, keepDim };
}

type Reduction = Operator<ReductionAttributes, ReductionGiven>;

function norm(call: Call, name: string, otherwise: number | "fro"): Value {
  call.requireFloat32();
  const x = call.operand("input");
  const given = over(call, x);
  const order = call.get(name) ?? otherwise;
  if (order === "fro") return call.apply(l2Norm, [x], given);
  if (order === "nuc") throw new OutOfScope("the nuclear norm");
  const p = call.number(name, 2);
  const size = call.apply(abs, [x], {});
  const reduced = (operator: Reduction, y: Value) => call.apply(operator, [y], given);
  if (p === 0) {
    const isZero = call.apply(equal, [x, call.scalar(0)], {});
    return reduced(sum, call.apply(where, [isZero, call.scalar(0), call.scalar(1)], {}));
  }
  if (p === 1) return reduced(sum, size);
  if (p === 2) return call.apply(l2Norm, [x], given);
  if (p === Number.POSITIVE_INFINITY) return reduced(amax, size);
  if (p === Number.NEGATIVE_INFINITY) return reduced(amin, size);
  const total = reduced(sum, call.apply(pow, [size, call.scalar(p)], {}));
  return call.apply(pow, [total, call.scalar(1 / p)], {});
}

function alongAxis(call: Call, operator: typeof softmax, isNegated = false): Value {
  call.requireFloat32();
  const given = call.operand("input");
  const x = isNegated ? call.apply(neg, [given], {}) : given;
  const { shape } = x.type;
  // PyTorch lets a scalar have one axis.
  const y = call.apply(operator, [shape.length === 0 ? call.reshape(x, [1]) : x], { axis: call.number("dim") });
  return call.reshape(y, shape);
}

function withStatistics(call: Call): Value {
  const x = call.operand("input");
  const inputs = [x, ...fullAffine(call, x), call.tensor("running_mean"), call.tensor("running_var")];
  return call.apply(batchNorm, inputs, { eps: epsOf(call) });
}

/** Weight and bias of each channel. */
function fullAffine(call: Call, x: Value): Value[] {
  const channels = [x.type.shape[1]!];
  return [call.optional("weight") ?? call.filled(channels, 1), call.optional("bias") ?? call.filled(channels, 0)];
}

/** PyTorch takes any number, and gives NaN where the variance is too small for it. */
function epsOf(call: Call): number {
  const eps = call.number("eps", 1e-5);
  if (eps < 0) throw new OutOfScope("a negative eps");
  return eps;
}

/** Weight and bias, as many as are needed. */
function affine(call: Call, shape: readonly number[]): Value[] {
  const [weight, bias] = [call.optional("weight"), call.optional("bias")];
  if (!weight && !bias) return [];
  return [weight ?? call.filled(shape, 1), ...(bias ? [bias] : [])];
}

/** As NumPy multiplies: a vector is a row on the left and a column on the right. */
function product(isReflected: boolean): Translation {
  return {
    signature: "input other",
    build(call) {
      const given = [call.operand("input"), call.operand("other")];
      const [a, b] = (isReflected ? given.toReversed() : given) as [Value, Value];
      const [aShape, bShape] = [a.type.shape, b.type.shape];
      const [isRow, isColumn] = [aShape.length === 1, bShape.length === 1];
      const rows = isRow ? call.reshape(a, [1, ...aShape]) : a;
      const columns = isColumn ? call.reshape(b, [...bShape, 1]) : b;
      const y = call.apply(matmul, [rows, columns], {});
      const batch = y.type.shape.slice(0, -2);
      const [m, n] = y.type.shape.slice(-2);
      return call.reshape(y, [...batch, ...(isRow ? [] : [m!]), ...(isColumn ? [] : [n!])]);
    },
  };
}

function addMatrices(call: Call): Value {
  const inputs = [call.operand("mat1"), call.operand("mat2"), call.operand("input")];
  return call.apply(gemm, inputs, { alpha: call.number("alpha", 1), beta: call.number("beta", 1) });
}
