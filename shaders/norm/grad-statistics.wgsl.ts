// What the gradient of a normalization y[r, k] = xh[r, k] * weight[..] + bias[..], xh[r, k] = (x[r, k] - mean[r]) * scale[r],
// needs of each row:
// statistics[r] = mean[r], scale[r], mean over k of gy[r, k] * weight[..], mean over k of gy[r, k] * weight[..] * xh[r, k]
// x and gy of the same shape, of which rows take some axes; weight lies along any of them; statistics [rows, 4]; both are f32
// always. One invocation per row, or one workgroup.
import { rowIndex, soloRows, termFunctions, termSpec } from "../wgsl/fold.ts";
import { bind, type NormFoldTemplate, pairFold, rowBuiltins } from "../wgsl/norm-grad-fold.ts";
import { storageTypes } from "../wgsl/storage.ts";
import { stridedIndices, stridedSpec } from "../wgsl/strided.ts";
import { type ParamSpec, structParams, wgsl } from "../wgsl/wgsl.ts";
import { momentFolds } from "./normalize.wgsl.ts";

/** Arrays g, x and w are gy, x and weight, s the statistics. */
export function normStatisticsSpec(t: Pick<NormFoldTemplate, "rank" | "width" | "arrays" | "termRank">): ParamSpec {
  return { ...stridedSpec(t), ...termSpec(t.termRank, ["g", "x", "w"]), eps: "f32" };
}

export function normStatisticsShader(t: NormFoldTemplate & { readonly weight: boolean }): string {
  const g = `f32(gy[g_row + g_term(k)])${t.weight ? " * weight[w_row + w_term(k)]" : ""}`;
  return wgsl`
${storageTypes(t.storage)}
${structParams(normStatisticsSpec(t))}
${bind([
  "var<storage, read> gy: array<Element>;",
  "var<storage, read> x: array<Element>;",
  ...(t.weight ? ["var<storage, read> weight: array<f32>;"] : []),
  "var<storage, read_write> statistics: array<f32>;",
])}
var<private> g_row: u32;
var<private> w_row: u32;
${termFunctions(t.termRank, ["g", "x", "w"])}
${momentFolds(t.lanes, "f32(x[row + x_term(k)])")}
// shift: mean and scale.
fn weighted(g: f32, v: f32, shift: vec2f) -> vec2f { return vec2f(g, g * (v - shift.x) * shift.y); }
${pairFold(t.lanes, `weighted(${g}, f32(x[row + x_term(k)]), shift)`)}

@compute @workgroup_size(${t.lanes > 1 ? t.lanes : soloRows})
fn main(${rowBuiltins}) {
  let lane = ${t.lanes > 1 ? "local" : "0u"};
  ${stridedIndices(t, rowIndex(t.lanes))}
  g_row = g_at;
  w_row = w_at;
  let terms = f32(p.terms);
  let mean = sum(x_at, p.terms, lane, 0.0) / terms;
  let scale = 1.0 / sqrt(deviation(x_at, p.terms, lane, mean) / terms + p.eps);
  let means = pair(x_at, p.terms, lane, vec2f(mean, scale)) / terms;
  if (lane == 0u) {
    statistics[s_at] = mean;
    statistics[s_at + 1u] = scale;
    statistics[s_at + 2u] = means.x;
    statistics[s_at + 3u] = means.y;
  }
}
`;
}
