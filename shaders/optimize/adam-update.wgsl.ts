// Adam: g' = scale * g + decay * w;  AdamW: w = w - rate * decay * w first, and g' = scale * g.
// m = beta1 * m + (1 - beta1) * g';  v = beta2 * v + (1 - beta2) * g'^2
// w = w - rate / (1 - beta1^t) * m / (sqrt(v) / sqrt(1 - beta2^t) + eps)
// w, m, v, g: [elements], packed; settings [groups, 4]: rate, decay, 1 - beta1^t and sqrt(1 - beta2^t); scale [1].
// Nothing changes where scale is not finite. One invocation per four neighbouring elements.
import { finiteTest, packedIndices, packedMain } from "../wgsl/packed.ts";
import { float, wgsl } from "../wgsl/wgsl.ts";

export interface AdamTemplate {
  readonly beta1: number;
  readonly beta2: number;
  readonly eps: number;
  /** AdamW: the weight decays by itself, not through its gradient. */
  readonly decoupled: boolean;
}

export function adamUpdate({ beta1, beta2, eps, decoupled }: AdamTemplate): string {
  return wgsl`
struct Params { count: u32 }
@group(0) @binding(0) var<storage, read> g: array<vec4f>;
@group(0) @binding(1) var<storage, read> blocks: array<u32>;
@group(0) @binding(2) var<storage, read> settings: array<vec4f>;
@group(0) @binding(3) var<storage, read> scale: array<f32>;
@group(0) @binding(4) var<storage, read_write> w: array<vec4f>;
@group(0) @binding(5) var<storage, read_write> m: array<vec4f>;
@group(0) @binding(6) var<storage, read_write> v: array<vec4f>;
@group(0) @binding(7) var<uniform> p: Params;
${finiteTest}

${packedMain}
  ${packedIndices}
  if (!is_finite(scale[0])) { return; }
  let rate = settings[group].x;
  let decay = settings[group].y;
  let before = ${decoupled ? "w[i] - rate * decay * w[i]" : "w[i]"};
  let gradient = scale[0] * g[i]${decoupled ? "" : " + decay * w[i]"};
  let first = m[i] + ${float(1 - beta1)} * (gradient - m[i]);
  let second = ${float(beta2)} * v[i] + ${float(1 - beta2)} * gradient * gradient;
  let divisor = sqrt(second) / settings[group].w + ${float(eps)};
  m[i] = select(m[i], first, inside);
  v[i] = select(v[i], second, inside);
  w[i] = select(w[i], before - rate / settings[group].z * first / divisor, inside);
}
`;
}
