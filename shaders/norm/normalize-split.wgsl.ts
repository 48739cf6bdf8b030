// Normalization of rows so long that several workgroups share each: statistics of every part of a row, then
// y[r, k] = (x[r, k] - mean[r]) / sqrt(variance[r] + eps) * weight[..] + bias[..]
// x and y [N, G, terms] with contiguous rows; moments [N, G, parts, 2], f32: the mean of a part and the sum of squared
// distances from it. One workgroup per part.
// Source: T. Chan, G. Golub, R. LeVeque, Algorithms for Computing the Sample Variance, 1983, eq. 2.1.
import { rowIndex } from "../wgsl/fold.ts";
import { type Storage, storageTypes } from "../wgsl/storage.ts";
import { type StridedTemplate, stridedIndices, stridedSpec } from "../wgsl/strided.ts";
import { numbered, structParams, wgsl } from "../wgsl/wgsl.ts";
import { momentFolds } from "./normalize.wgsl.ts";

/** A walk over [N, G, parts]; array `m` is the place in moments, of a part or of a row's first. */
export interface MomentsTemplate extends StridedTemplate {
  readonly storage: Storage;
  readonly lanes: number;
}

export interface ApplyMomentsTemplate extends MomentsTemplate {
  readonly weight: boolean;
  readonly bias: boolean;
}

export function splitSpec(t: StridedTemplate) {
  return { ...stridedSpec(t), row_terms: "u32", part_terms: "u32" } as const;
}

export function applyMomentsSpec(t: StridedTemplate) {
  return { ...splitSpec(t), parts: "u32", plane: "u32", eps: "f32" } as const;
}

const builtins =
  "@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_index) lane: u32, @builtin(num_workgroups) groups: vec3u";

const partTerms = `fn terms_of(part: u32) -> u32 {
  return min(p.part_terms, p.row_terms - part * p.part_terms);
}`;

export function momentsShader(t: MomentsTemplate): string {
  return wgsl`
${storageTypes(t.storage)}
${structParams(splitSpec(t))}
@group(0) @binding(0) var<storage, read> x: array<Element>;
@group(0) @binding(1) var<storage, read_write> moments: array<f32>;
@group(0) @binding(2) var<uniform> p: Params;
${partTerms}
${momentFolds(t.lanes, "f32(x[row + k])")}

@compute @workgroup_size(${t.lanes})
fn main(${builtins}) {
  ${stridedIndices(t, rowIndex(t.lanes))}
  let terms = terms_of(i2);
  let mean = sum(x_at, terms, lane, 0.0) / f32(terms);
  let squares = deviation(x_at, terms, lane, mean);
  if (lane == 0u) {
    moments[m_at] = mean;
    moments[m_at + 1u] = squares;
  }
}
`;
}

export function applyMomentsShader(t: ApplyMomentsTemplate): string {
  const bindings = ["var<storage, read> x: array<Element>;", "var<storage, read> moments: array<f32>;"];
  if (t.weight) bindings.push("var<storage, read> weight: array<f32>;");
  if (t.bias) bindings.push("var<storage, read> bias: array<f32>;");
  bindings.push("var<storage, read_write> y: array<Element>;", "var<uniform> p: Params;");
  return wgsl`
${storageTypes(t.storage)}
${structParams(applyMomentsSpec(t))}
${numbered(bindings)}
${partTerms}

@compute @workgroup_size(${t.lanes})
fn main(${builtins}) {
  ${stridedIndices(t, rowIndex(t.lanes))}
  let row_terms = f32(p.row_terms);
  var mean = 0.0;
  for (var part = 0u; part < p.parts; part++) {
    mean += moments[m_at + 2u * part] * (f32(terms_of(part)) / row_terms);
  }
  var squares = 0.0;
  for (var part = 0u; part < p.parts; part++) {
    let apart = moments[m_at + 2u * part] - mean;
    squares += moments[m_at + 2u * part + 1u] + f32(terms_of(part)) * apart * apart;
  }
  let scale = 1.0 / sqrt(squares / row_terms + p.eps);
  for (var k = lane; k < terms_of(i2); k += ${t.lanes}u) {
    var v = (f32(x[x_at + k]) - mean) * scale;
    ${t.weight || t.bias ? "let channel = w_at + (i2 * p.part_terms + k) / p.plane;" : ""}
    ${t.weight ? "v *= weight[channel];" : ""}
    ${t.bias ? "v += bias[channel];" : ""}
    y[y_at + k] = stored(v);
  }
}
`;
}
