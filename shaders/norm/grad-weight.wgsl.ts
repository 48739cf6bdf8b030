// gweight[..] = sum of gy * (x - mean[r]) * scale[r] over all elements that share it, gbias[..] = sum of gy
// x and gy of the same shape; statistics [rows, 4], of which the first are mean and scale, gweight and gbias are f32 always.
// One invocation per element of gweight, or one workgroup.
import { rowIndex, soloRows, termFunctions, termSpec } from "../wgsl/fold.ts";
import { bind, type NormFoldTemplate, pairFold, rowBuiltins } from "../wgsl/norm-grad-fold.ts";
import { storageTypes } from "../wgsl/storage.ts";
import { stridedIndices, stridedSpec } from "../wgsl/strided.ts";
import { type ParamSpec, structParams, wgsl } from "../wgsl/wgsl.ts";

/** Arrays g, x and s are gy, x and the statistics, w and b gweight and gbias. */
export function normWeightSpec(t: Pick<NormFoldTemplate, "rank" | "width" | "arrays" | "termRank">): ParamSpec {
  return { ...stridedSpec(t), ...termSpec(t.termRank, ["g", "x", "s"]) };
}

export function normWeightShader(t: NormFoldTemplate & { readonly bias: boolean }): string {
  return wgsl`
${storageTypes(t.storage)}
${structParams(normWeightSpec(t))}
${bind([
  "var<storage, read> gy: array<Element>;",
  "var<storage, read> x: array<Element>;",
  "var<storage, read> statistics: array<f32>;",
  "var<storage, read_write> gweight: array<f32>;",
  ...(t.bias ? ["var<storage, read_write> gbias: array<f32>;"] : []),
])}
var<private> g_row: u32;
var<private> s_row: u32;
${termFunctions(t.termRank, ["g", "x", "s"])}
fn weighted(g: f32, v: f32, at: u32) -> vec2f { return vec2f(g * (v - statistics[at]) * statistics[at + 1u], g); }
${pairFold(t.lanes, "weighted(f32(gy[g_row + g_term(k)]), f32(x[row + x_term(k)]), s_row + s_term(k))")}

@compute @workgroup_size(${t.lanes > 1 ? t.lanes : soloRows})
fn main(${rowBuiltins}) {
  let lane = ${t.lanes > 1 ? "local" : "0u"};
  ${stridedIndices(t, rowIndex(t.lanes))}
  g_row = g_at;
  s_row = s_at;
  let total = pair(x_at, p.terms, lane, vec2f());
  if (lane == 0u) {
    gweight[w_at] = total.x;
    ${t.bias ? "gbias[b_at] = total.y;" : ""}
  }
}
`;
}
