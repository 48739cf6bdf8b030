// Adam: g' = scale * g + decay * w;  AdamW: w = w - rate * decay * w first, and g' = scale * g.
// m = beta1 * m + (1 - beta1) * g';  v = beta2 * v + (1 - beta2) * g'^2
// w = w - rate / (1 - beta1^t) * m / (sqrt(v) / sqrt(1 - beta2^t) + eps)
// w, m, v, g: [elements], packed; settings [groups, 4]: rate, decay, 1 - beta1^t and sqrt(1 - beta2^t); scale [1].
// Nothing changes where scale is not finite. One invocation per four neighbouring elements.
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
  let gradient = scale[0] * g[i]${decoupled ? "" : " + decay * w[i]"};
  let first = m[i] + ${float(1 - beta1)} * (gradient - m[i]);
  let second = ${float(beta2)} * v[i] + ${float(1 - beta2)} * gradient * gradient;
  let divisor = sqrt(second) / settings[group].w + ${float(eps)};
  m[i] = select(m[i], first, inside);
  v[i] = select(v[i], second, inside);
  w[i] = select(w[i], before - rate / settings[group].z * first / divisor, inside);`,
  );
}
