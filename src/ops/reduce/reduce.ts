// Operators that fold a tensor over some of its axes: what all of them share.
import { type ReductionKind, reduceSpec, reduce as shader } from "../../../shaders/reduce/reduce.wgsl.ts";
import { type DType, elementCount, type Shape } from "../../tensor.ts";
import { operandBytes } from "../cost.ts";
import { reshape } from "../move/reshape.ts";
import type { Call, GradientContext, Kernel, Operator } from "../operator.ts";
import { params } from "../parameters.ts";
import { requireAxis, resolveAxes } from "../walk/axes.ts";
import { sameType } from "../walk/operands.ts";
import { prefersWorkgroups, rowGrid, rowLanes, termWalk } from "../walk/rows.ts";
import { type Strided, strided, walk } from "../walk/strided.ts";

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

/** What the gradient of x is made of; output and gradient have the reduced axes, of size 1. */
export interface Reduced<V> {
  readonly context: GradientContext<V, ReductionAttributes>;
  readonly x: V;
  readonly y: V;
  readonly gy: V;
  /** Of x. */
  readonly shape: Shape;
  readonly axes: readonly number[];
}

export const floats: readonly DType[] = ["f32", "f16"];
export const numbers: readonly DType[] = [...floats, "i32", "u32"];

export function createReduction(
  kind: ReductionKind,
  allowed: readonly DType[],
  gradient: <V>(reduced: Reduced<V>) => V,
): Operator<ReductionAttributes, ReductionGiven> {
  return {
    name: kind,
    attributes: ({ axes, keepDim = false }) => ({
      axes: axes?.map((axis) => requireAxis(kind, axis)) ?? "all",
      keepDim,
    }),
    shape(inputs, attrs) {
      const dtype = sameType(kind, inputs, allowed);
      const { axes, kept } = reducedAxes(kind, attrs, inputs[0].shape);
      return [{ shape: attrs.keepDim ? kept : kept.filter((_, axis) => !axes.has(axis)), dtype }];
    },
    cost: (call) => ({ flop: elementCount(call.inputs[0].shape), bytes: operandBytes(call) }),
    // The readable one first: an invocation per element, which also suits many short rows.
    kernels: [reduceKernel(kind, "columns", 1), reduceKernel(kind, "rows", rowLanes)],
    prefer({ inputs: [{ shape }], outputs: [y], attrs }, device) {
      const rows = elementCount(y.shape);
      const contiguous = reducedAxes(kind, attrs, shape).axes.has(shape.length - 1);
      const isLong = prefersWorkgroups(device, { rows, terms: elementCount(shape) / rows, contiguous });
      return isLong ? `${kind}/rows` : `${kind}/columns`;
    },
    gradient<V>(context: GradientContext<V, ReductionAttributes>) {
      const [x] = context.inputs;
      const { shape } = context.type(x);
      const { axes, kept } = reducedAxes(kind, context.attrs, shape);
      const keep = (value: V) => (context.attrs.keepDim ? value : context.apply(reshape, [value], { shape: kept }));
      return [gradient({ context, x, y: keep(context.outputs[0]), gy: keep(context.gy), shape, axes: [...axes] })];
    },
  };
}

/** The places of the axes in the shape, and the shape with these of size 1. */
function reducedAxes(kind: string, { axes: given }: ReductionAttributes, shape: Shape) {
  const axes: ReadonlySet<number> = new Set(given === "all" ? shape.keys() : resolveAxes(kind, given, shape));
  return { axes, kept: shape.map((size, axis) => (axes.has(axis) ? 1 : size)) };
}

function reduceKernel(kind: ReductionKind, name: string, lanes: number): Kernel<ReductionAttributes> {
  return {
    name: `${kind}/${name}`,
    applies: () => true,
    views: "all",
    dispatches(call, device) {
      const [{ dtype }] = call.inputs;
      const { plan, terms } = planReduction(kind, call);
      const template = { ...plan.template, reducedRank: terms.rank };
      return [
        {
          code: shader({ ...template, kind, dtype, lanes }),
          bindings: [{ input: 0 }, { output: 0 }],
          params: params(reduceSpec(template), { ...plan.values, ...terms.values }),
          workgroups: rowGrid(plan.count, lanes, device),
        },
      ];
    },
  };
}

/** The walk over the outputs, and the one over what each of them sums. */
function planReduction(kind: string, { inputs: [input], outputs: [output], attrs }: Call<ReductionAttributes>) {
  const { axes } = reducedAxes(kind, attrs, input.shape);
  const [x, y] = [strided(input), strided(output)];
  const kept = <T>(values: readonly T[]) => values.filter((_, axis) => !axes.has(axis));
  const gone = <T>(values: readonly T[]) => values.filter((_, axis) => axes.has(axis));
  const source: Strided = { offset: x.offset, strides: kept(x.strides) };
  const target: Strided = attrs.keepDim ? { offset: y.offset, strides: kept(y.strides) } : y;
  const plan = walk(kept(input.shape), { x: source, y: target }, { vectors: false });
  return { plan, terms: termWalk(gone(input.shape), { x: gone(x.strides) }) };
}
