// g' = scale * g + decay * w;  v = momentum * v + g';  w = w - rate * (nesterov ? g' + momentum * v : v)
// w, v, g: [elements], packed; settings [groups, 4]: rate and decay of each group, and two unused; scale [1].
// Nothing changes where scale is not finite. One invocation per four neighbouring elements.
import { finiteTest, packedIndices, packedMain } from "../wgsl/packed.ts";
import { float, wgsl } from "../wgsl/wgsl.ts";

export interface SgdTemplate {
  readonly momentum: number;
  readonly nesterov: boolean;
}

export function sgdUpdate({ momentum, nesterov }: SgdTemplate): string {
  return wgsl`
struct Params { count: u32 }
@group(0) @binding(0) var<storage, read> g: array<vec4f>;
@group(0) @binding(1) var<storage, read> blocks: array<u32>;
@group(0) @binding(2) var<storage, read> settings: array<vec4f>;
@group(0) @binding(3) var<storage, read> scale: array<f32>;
@group(0) @binding(4) var<storage, read_write> w: array<vec4f>;
@group(0) @binding(5) var<storage, read_write> v: array<vec4f>;
@group(0) @binding(6) var<uniform> p: Params;
${finiteTest}

${packedMain}
  ${packedIndices}
  if (!is_finite(scale[0])) { return; }
  let rate = settings[group].x;
  let decay = settings[group].y;
  let gradient = scale[0] * g[i] + decay * w[i];
  let velocity = ${float(momentum)} * v[i] + gradient;
  let step = ${nesterov ? `gradient + ${float(momentum)} * velocity` : "velocity"};
  v[i] = select(v[i], velocity, inside);
  w[i] = select(w[i], w[i] - rate * step, inside);
}
`;
}
