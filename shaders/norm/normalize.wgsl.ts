// y[r, k] = (x[r, k] - mean[r]) / sqrt(variance[r] + eps) * weight[..] + bias[..], mean and variance those of row r
// Two passes: the variance is the mean of (x - mean)^2. x and y of the same shape, of which rows take some axes; weight and
// bias, f32 always, lie along any of them. One invocation per row, or one workgroup.
import { foldFunction, rowIndex, soloRows, termFunctions, termSpec } from "../wgsl/fold.ts";
import { type Storage, storageTypes } from "../wgsl/storage.ts";
import { type StridedTemplate, stridedIndices, stridedSpec } from "../wgsl/strided.ts";
import { numbered, structParams, wgsl } from "../wgsl/wgsl.ts";

/** A walk over the rows; array `w` is the place in weight and bias. */
export interface NormalizeTemplate extends StridedTemplate<"x" | "w" | "y"> {
  readonly storage: Storage;
  readonly weight: boolean;
  readonly bias: boolean;
  /** Axes of a row, joined where they can be. */
  readonly termRank: number;
  /** Invocations per row: 1, or those of a workgroup. */
  readonly lanes: number;
}

const arrays = ["x", "w", "y"];

export function normalizeSpec(t: Pick<NormalizeTemplate, "rank" | "width" | "arrays" | "termRank">) {
  return { ...stridedSpec(t), ...termSpec(t.termRank, arrays), eps: "f32" } as const;
}

/** `sum` of the terms, and `deviation`, the sum of squared distances from `shift`. */
export function momentFolds(lanes: number, term: string): string {
  const fold = (name: string, folded: string) =>
    foldFunction({ name, lanes, type: "f32", identity: "0.0", term: folded, combine: "a + b" });
  return `${fold("sum", term)}
fn squared(v: f32) -> f32 { return v * v; }
${fold("deviation", `squared(${term} - shift)`)}`;
}

export function normalize(t: NormalizeTemplate): string {
  const bindings = ["var<storage, read> x: array<Element>;"];
  if (t.weight) bindings.push("var<storage, read> weight: array<f32>;");
  if (t.bias) bindings.push("var<storage, read> bias: array<f32>;");
  bindings.push("var<storage, read_write> y: array<Element>;", "var<uniform> p: Params;");
  return wgsl`
${storageTypes(t.storage)}
${structParams(normalizeSpec(t))}
${numbered(bindings)}
${termFunctions(t.termRank, arrays)}
${momentFolds(t.lanes, "f32(x[row + x_term(k)])")}

@compute @workgroup_size(${t.lanes > 1 ? t.lanes : soloRows})
fn main(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_index) local: u32, @builtin(num_workgroups) groups: vec3u) {
  let lane = ${t.lanes > 1 ? "local" : "0u"};
  ${stridedIndices(t, rowIndex(t.lanes))}
  let terms = f32(p.terms);
  let mean = sum(x_at, p.terms, lane, 0.0) / terms;
  let scale = 1.0 / sqrt(deviation(x_at, p.terms, lane, mean) / terms + p.eps);
  for (var k = lane; k < p.terms; k += ${t.lanes}u) {
    var v = (f32(x[x_at + x_term(k)]) - mean) * scale;
    ${t.weight ? "v *= weight[w_at + w_term(k)];" : ""}
    ${t.bias ? "v += bias[w_at + w_term(k)];" : ""}
    y[y_at + y_term(k)] = stored(v);
  }
}
`;
}
