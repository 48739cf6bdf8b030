// Gradients of reductions. Tensors as small as the output are computed first, and only then meet x.
import { div, mul } from "../elementwise/arithmetic.ts";
import { cast } from "../elementwise/cast.ts";
import { createElementwise } from "../elementwise/elementwise.ts";
import { equal, where } from "../elementwise/masks.ts";
import { expand } from "../move/expand.ts";
import { reshape } from "../move/reshape.ts";
import type { GradientContext } from "../operator.ts";
import { floatType } from "../walk/operands.ts";
import { prod, type ReductionAttributes, reducedAxes, sum } from "./reductions.ts";

type Kind = "sum" | "mean" | "prod" | "amax" | "amin" | "l2Norm" | "logSumExp";

/** A reduction's operands, output and gradient with the reduced axes kept, of size 1. */
interface Reduced<V> {
  readonly context: GradientContext<V, ReductionAttributes>;
  readonly x: V;
  readonly y: V;
  readonly gy: V;
  readonly axes: readonly number[];
}

/** The gradient of x. */
export function reductionGradient<V>(kind: Kind, context: GradientContext<V, ReductionAttributes>): V {
  const { inputs, outputs, outputGradients, attrs, type, apply } = context;
  const { shape } = type(inputs[0]!);
  const axes = reducedAxes(kind, attrs, shape);
  const kept = shape.map((size, axis) => (axes.has(axis) ? 1 : size));
  const keep = (value: V) => (attrs.keepDim ? value : apply(reshape, [value], { shape: kept }));
  const reduced = { context, x: inputs[0]!, y: keep(outputs[0]!), gy: keep(outputGradients[0]!), axes: [...axes] };
  switch (kind) {
    case "sum":
      return apply(expand, [reduced.gy], { shape });
    case "mean":
      return meanGradient(reduced);
    case "prod":
      return prodGradient(reduced);
    case "amax":
    case "amin":
      return extremeGradient(reduced);
    case "l2Norm":
      return normGradient(reduced);
    case "logSumExp":
      return apply(logSumExpGradient, [reduced.gy, reduced.x, reduced.y], {});
    default:
      return kind satisfies never;
  }
}

function meanGradient<V>({ context, x, gy, axes }: Reduced<V>): V {
  const { apply, type, constant } = context;
  const { shape } = type(x);
  const terms = axes.reduce((count, axis) => count * shape[axis]!, 1);
  return apply(expand, [apply(mul, [gy, constant(1 / terms)], {})], { shape });
}

/** gy times the product of the other factors: of all but x where none is 0, and at the only 0 of a row. */
function prodGradient<V>({ context, x, gy, axes }: Reduced<V>): V {
  const { apply, constant } = context;
  const over = { axes, keepDim: true };
  const isZero = apply(equal, [x, constant(0)], {});
  const zeros = apply(sum, [isZero], over);
  const rest = apply(mul, [gy, apply(prod, [apply(where, [isZero, constant(1), x], {})], over)], {});
  const onlyWith = (count: number) => {
    const holds = apply(equal, [apply(cast, [zeros], { to: "f32" }), constant(count)], {});
    return apply(where, [holds, rest, constant(0)], {});
  };
  return apply(where, [isZero, onlyWith(1), apply(div, [onlyWith(0), x], {})], {});
}

/** An equal share for each of the terms that are the extreme; NaN for all where that is NaN. */
function extremeGradient<V>({ context, x, y, gy, axes }: Reduced<V>): V {
  const { apply, constant } = context;
  const isExtreme = apply(equal, [x, y], {});
  const count = apply(cast, [apply(sum, [isExtreme], { axes, keepDim: true })], { to: "f32" });
  const share = apply(div, [gy, count], {});
  return apply(where, [isExtreme, share, apply(mul, [share, constant(0)], {})], {});
}

/** gy * x / y, and 0 where the norm is 0. */
function normGradient<V>({ context, x, y, gy }: Reduced<V>): V {
  const { apply, constant } = context;
  const quotient = apply(div, [gy, y], {});
  const factor = apply(where, [apply(equal, [y, constant(0)], {}), constant(0), quotient], {});
  return apply(mul, [x, factor], {});
}

/** gy * exp(x - y). Not for users. */
export const logSumExpGradient = createElementwise<object, object>("logSumExpGradient", {
  attributes: () => ({}),
  dtype: (inputs) => floatType("logSumExpGradient", inputs),
  function: () => ({
    register: "f32",
    parameters: ["g: T", "v: T", "sum: T"],
    result: "T",
    body: "return g * exp_of(v - sum);",
  }),
});
