// Means, products, extremes and norms over axes. In their gradients, tensors as small as the output are computed first, and
// only then meet x.
import { elementCount } from "../../tensor.ts";
import { div, mul } from "../elementwise/arithmetic.ts";
import { cast } from "../elementwise/cast.ts";
import { createGradient } from "../elementwise/elementwise.ts";
import { equal, where } from "../elementwise/masks.ts";
import { createReduction, floats, numbers, type Reduced } from "./reduce.ts";
import { expand, sum } from "./sum-expand.ts";

/** Mean over axes, of floats; see {@link sum}. Source: https://pytorch.org/docs/stable/generated/torch.mean.html */
export const mean = createReduction("mean", floats, meanGradient);

/** Product over axes; see {@link sum}. Source: https://pytorch.org/docs/stable/generated/torch.prod.html */
export const prod = createReduction("prod", numbers, prodGradient);

/** Maximum over axes, NaN if there is one; see {@link sum}. Source: https://pytorch.org/docs/stable/generated/torch.amax.html */
export const amax = createReduction("amax", numbers, extremeGradient);

/** Minimum over axes, NaN if there is one; see {@link sum}. Source: https://pytorch.org/docs/stable/generated/torch.amin.html */
export const amin = createReduction("amin", numbers, extremeGradient);

/** Square root of the sum of squares, of floats; see {@link sum}. Source: https://onnx.ai/onnx/operators/onnx__ReduceL2.html */
export const l2Norm = createReduction("l2Norm", floats, normGradient);

/**
 * log(sum(exp(x))), of floats; the maximum is subtracted first, so that large values do not overflow; see {@link sum}.
 * Source: https://pytorch.org/docs/stable/generated/torch.logsumexp.html
 */
export const logSumExp = createReduction("logSumExp", floats, ({ context, gy, x, y }) =>
  context.apply(logSumExpGradient, [gy, x, y], {}),
);

function meanGradient<V>({ context, gy, shape }: Reduced<V>): V {
  const { apply, type, constant } = context;
  const terms = elementCount(shape) / elementCount(type(gy).shape);
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
export const logSumExpGradient = createGradient<object>(
  "logSumExpGradient",
  ["g: T", "v: T", "sum: T"],
  () => "return g * exp_of(v - sum);",
);
