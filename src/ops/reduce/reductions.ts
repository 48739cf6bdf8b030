// Sums, means, extremes and norms over axes.
import { type ReductionKind, reduce, reduceSpec } from "../../../shaders/reduce/reduce.wgsl.ts";
import { type DType, elementCount } from "../../tensor.ts";
import { operandBytes } from "../cost.ts";
import type { Call, Kernel, Operator } from "../operator.ts";
import { params } from "../parameters.ts";
import { requireAxis, resolveAxes } from "../walk/axes.ts";
import { sameType } from "../walk/operands.ts";
import { prefersWorkgroups, rowGrid, rowLanes, termWalk } from "../walk/rows.ts";
import { type Strided, strided, walk } from "../walk/strided.ts";
import { reductionGradient } from "./gradients.ts";

export interface ReductionAttributes {
  readonly axes: readonly number[] | "all";
  readonly keepDim: boolean;
}

export interface ReductionGiven {
  /** Negative ones count from the end. Default all; an empty list reduces nothing: each element is a row of its own. */
  readonly axes?: readonly number[];
  /** Keeps the reduced axes, with size 1. Default false. */
  readonly keepDim?: boolean;
}

type Reduction = Operator<ReductionAttributes, ReductionGiven>;

const floats: readonly DType[] = ["f32", "f16"];
const numbers: readonly DType[] = [...floats, "i32", "u32"];

/**
 * Sum over axes, in the same order on every run.
 * - x: [...], floats or integers, which wrap around; output: x without the axes, or with size 1 there if `keepDim`.
 * - gradient: of floats; that of amax and amin is shared evenly by all that are the extreme, as in PyTorch.
 * Throws ShapeError if x has other elements, lacks an axis or one is named twice.
 * Source: https://pytorch.org/docs/stable/generated/torch.sum.html
 */
export const sum = createReduction("sum", numbers);

/** Mean over axes, of floats; see {@link sum}. Source: https://pytorch.org/docs/stable/generated/torch.mean.html */
export const mean = createReduction("mean", floats);

/** Product over axes; see {@link sum}. Source: https://pytorch.org/docs/stable/generated/torch.prod.html */
export const prod = createReduction("prod", numbers);

/** Maximum over axes, NaN if there is one; see {@link sum}. Source: https://pytorch.org/docs/stable/generated/torch.amax.html */
export const amax = createReduction("amax", numbers);

/** Minimum over axes, NaN if there is one; see {@link sum}. Source: https://pytorch.org/docs/stable/generated/torch.amin.html */
export const amin = createReduction("amin", numbers);

/** Square root of the sum of squares, of floats; see {@link sum}. Source: https://onnx.ai/onnx/operators/onnx__ReduceL2.html */
export const l2Norm = createReduction("l2Norm", floats);

/**
 * log(sum(exp(x))), of floats; the maximum is subtracted first, so that large values do not overflow; see {@link sum}.
 * Source: https://pytorch.org/docs/stable/generated/torch.logsumexp.html
 */
export const logSumExp = createReduction("logSumExp", floats);

function createReduction(kind: ReductionKind, allowed: readonly DType[]): Reduction {
  return {
    name: kind,
    attributes: ({ axes, keepDim = false }) => ({
      axes: axes?.map((axis) => requireAxis(kind, axis)) ?? "all",
      keepDim,
    }),
    shape(inputs, attrs) {
      const { shape } = inputs[0]!;
      const dtype = sameType(kind, inputs, allowed);
      const reduced = reducedAxes(kind, attrs, shape);
      const kept = shape.map((size, axis) => (reduced.has(axis) ? 1 : size));
      return [{ shape: attrs.keepDim ? kept : kept.filter((_, axis) => !reduced.has(axis)), dtype }];
    },
    cost: (call) => ({ flop: elementCount(call.inputs[0]!.shape), bytes: operandBytes(call) }),
    // The readable one first: an invocation per element, which also suits many short rows.
    kernels: [reduceKernel(kind, "columns", 1), reduceKernel(kind, "rows", rowLanes)],
    prefer(call, device) {
      const { shape } = call.inputs[0]!;
      const rows = elementCount(call.outputs[0]!.shape);
      const contiguous = reducedAxes(kind, call.attrs, shape).has(shape.length - 1);
      const isLong = prefersWorkgroups(device, { rows, terms: elementCount(shape) / rows, contiguous });
      return isLong ? `${kind}/rows` : `${kind}/columns`;
    },
    gradient: (context) => [reductionGradient(kind, context)],
  };
}

/** Their places in the shape. */
export function reducedAxes(
  kind: string,
  { axes }: ReductionAttributes,
  shape: readonly number[],
): ReadonlySet<number> {
  return new Set(axes === "all" ? shape.keys() : resolveAxes(kind, axes, shape));
}

function reduceKernel(kind: ReductionKind, name: string, lanes: number): Kernel<ReductionAttributes> {
  return {
    name: `${kind}/${name}`,
    applies: () => true,
    views: "all",
    dispatches(call, device) {
      const { dtype } = call.inputs[0]!;
      const { plan, terms } = planReduction(kind, call);
      const template = { ...plan.template, reducedRank: terms.rank };
      return [
        {
          code: reduce({ ...template, kind, dtype, lanes }),
          bindings: [{ input: 0 }, { output: 0 }],
          params: params(reduceSpec(template), { ...plan.values, ...terms.values }),
          workgroups: rowGrid(plan.count, lanes, device),
        },
      ];
    },
  };
}

/** The walk over the outputs, and the one over what each of them sums. */
function planReduction(kind: string, call: Call<ReductionAttributes>) {
  const [input, output] = [call.inputs[0]!, call.outputs[0]!];
  const axes = reducedAxes(kind, call.attrs, input.shape);
  const [x, y] = [strided(input), strided(output)];
  const kept = <T>(values: readonly T[]) => values.filter((_, axis) => !axes.has(axis));
  const gone = <T>(values: readonly T[]) => values.filter((_, axis) => axes.has(axis));
  const source: Strided = { offset: x.offset, strides: kept(x.strides) };
  const target: Strided = call.attrs.keepDim ? { offset: y.offset, strides: kept(y.strides) } : y;
  const plan = walk(kept(input.shape), { x: source, y: target }, { vectors: false });
  return { plan, terms: termWalk(gone(input.shape), { x: gone(x.strides) }) };
}
