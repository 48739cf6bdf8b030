// Adam: g' = scaled + decay * w;  AdamW: w = w - rate * decay * w first, and g' = scaled.
// m = beta1 * m + (1 - beta1) * g';  v = beta2 * v + (1 - beta2) * g'^2
// w = w - rate / (1 - beta1^t) * m / (sqrt(v) / sqrt(1 - beta2^t) + eps)
// w, m, v, g: [elements], packed; settings [groups, 2]: rate and decay; scale [4], as gradient-scale.wgsl.ts gives it: its product
// with g is `scaled`, and t are the steps that were taken, this one too. Nothing changes where scale is not finite. One invocation
// per four neighbouring elements.
import { optimizerUpdate } from "../wgsl/packed.ts";
import { float } from "../wgsl/wgsl.ts";

export interface AdamTemplate {
  readonly beta1: number;
  readonly beta2: number;
  readonly eps: number;
  /** AdamW: the weight decays by itself, not through its gradient. */
  readonly decoupled: boolean;
}

export function adamUpdate({ beta1, beta2, eps, decoupled }: AdamTemplate): string {
  return optimizerUpdate(
    ["w", "m", "v"],
    `let before = ${decoupled ? "w[i] - rate * decay * w[i]" : "w[i]"};
  let gradient = scaled${decoupled ? "" : " + decay * w[i]"};
  let first = m[i] + ${float(1 - beta1)} * (gradient - m[i]);
  let second = ${float(beta2)} * v[i] + ${float(1 - beta2)} * gradient * gradient;
  let divisor = sqrt(second) / sqrt(${correction(beta2)}) + ${float(eps)};
  m[i] = select(m[i], first, inside);
  v[i] = select(v[i], second, inside);
  w[i] = select(w[i], before - rate / ${correction(beta1)} * first / divisor, inside);`,
    complement,
  );
}

/** 1 - beta^t. Beyond 200 the exponential is 0 in f32 from the first step on. */
function correction(beta: number): string {
  return `complement(scale[2] * ${float(Math.min(200, -Math.log(beta)))})`;
}

/** Terms of the series: what is left out is below 1 / 12!, which f32 does not hold beside 1. */
const terms = 11;

/** 1 - exp(-x) for x >= 0: where the difference would lose its digits, x (1 - x/2 (1 - x/3 (1 - ...))). */
const complement = `fn complement(x: f32) -> f32 {
  var series = 1.0;
  for (var n = ${terms}.0; n > 1.5; n -= 1.0) { series = 1.0 - x / n * series; }
  return select(1.0 - exp(-x), x * series, x < 1.0);
}`;
