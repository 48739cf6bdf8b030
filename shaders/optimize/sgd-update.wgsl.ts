// g' = scaled + decay * w;  v = momentum * v + g';  w = w - rate * (nesterov ? g' + momentum * v : v)
// w, v, g: [elements], packed; settings [groups, 2]: rate and decay; scale [4], as gradient-scale.wgsl.ts gives it, and its
// product with g is `scaled`. Nothing changes where scale is not finite. One invocation per four neighbouring elements.
import { optimizerUpdate } from "../wgsl/packed.ts";
import { float } from "../wgsl/wgsl.ts";

export interface SgdTemplate {
  readonly momentum: number;
  readonly nesterov: boolean;
}

export function sgdUpdate({ momentum, nesterov }: SgdTemplate): string {
  return optimizerUpdate(
    ["w", "v"],
    `let gradient = scaled + decay * w[i];
  let velocity = ${float(momentum)} * v[i] + gradient;
  let step = ${nesterov ? `gradient + ${float(momentum)} * velocity` : "velocity"};
  v[i] = select(v[i], velocity, inside);
  w[i] = select(w[i], w[i] - rate * step, inside);`,
  );
}
