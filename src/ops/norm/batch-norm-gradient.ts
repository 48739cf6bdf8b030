// The gradients of batch normalization with given statistics, made of other operators: all but three passes are per channel.
import { add, mul, sub } from "../elementwise/arithmetic.ts";
import { neg, reciprocal, sqrt } from "../elementwise/unary.ts";
import { reshape } from "../move/reshape.ts";
import type { GradientContext } from "../operator.ts";
import { sum } from "../reduce/sum-expand.ts";

/** Of x, gamma, beta, mean and variance. */
export function batchNormGradients<V>(context: GradientContext<V, { readonly eps: number }, 5>): V[] {
  const { inputs, gy, attrs, apply, constant, type } = context;
  const [x, gamma, , mean, variance] = inputs;
  const { shape } = type(x);
  const axes = [...shape.keys()].filter((axis) => axis !== 1);
  const times = (a: V, b: V) => apply(mul, [a, b], {});
  const perChannel = (vector: V) => apply(reshape, [vector], { shape: [-1, ...shape.slice(2).map(() => 1)] });

  const inverse = apply(reciprocal, [apply(sqrt, [apply(add, [variance, constant(attrs.eps)], {})], {})], {});
  const scale = times(gamma, inverse);
  const gx = times(gy, perChannel(scale));
  const gbeta = apply(sum, [gy], { axes });
  const centered = apply(sub, [x, perChannel(mean)], {});
  const ggamma = times(apply(sum, [times(gy, centered)], { axes }), inverse);
  const gmean = apply(neg, [times(scale, gbeta)], {});
  const gvariance = times(times(ggamma, times(scale, inverse)), constant(-0.5));
  return [gx, ggamma, gbeta, gmean, gvariance];
}
