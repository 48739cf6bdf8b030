// g' = scale * g + decay * w;  v = momentum * v + g';  w = w - rate * (nesterov ? g' + momentum * v : v)
// w, v, g: [elements], packed; settings [groups, 4]: rate and decay of each group, and two unused; scale [1].
// Nothing changes where scale is not finite. One invocation per four neighbouring elements.
import { optimizerUpdate } from "../wgsl/packed.ts";
import { float } from "../wgsl/wgsl.ts";

export interface SgdTemplate {
  readonly momentum: number;
  readonly nesterov: boolean;
}

export function sgdUpdate({ momentum, nesterov }: SgdTemplate): string {
  return optimizerUpdate(
    ["w", "v"],
    `let gradient = scale[0] * g[i] + decay * w[i];
  let velocity = ${float(momentum)} * v[i] + gradient;
  let step = ${nesterov ? `gradient + ${float(momentum)} * velocity` : "velocity"};
  v[i] = select(v[i], velocity, inside);
  w[i] = select(w[i], w[i] - rate * step, inside);`,
  );
}
