// y[.., m, n] = alpha * sum over k of a[.., m, k] * b[.., k, n] + beta * c[.., m, n]
// a, b, c and y with strides of their own along every axis; c, f32 always, is a bias. It sums in the order of k.
// One invocation per element of y, or per tile of 4 rows and 8 columns.
import { range } from "../wgsl/conv-taps.ts";
import { type Storage, storageTypes } from "../wgsl/storage.ts";
import { type StridedTemplate, stridedIndices, stridedSpec, stridedWorkgroup } from "../wgsl/strided.ts";
import { numbered, type ParamSpec, structParams, wgsl } from "../wgsl/wgsl.ts";

/** A walk over y, elements or tiles one by one. */
export interface MatmulTemplate extends StridedTemplate {
  readonly storage: Storage;
  readonly bias: boolean;
}

const common = { terms: "u32", a_step: "u32", b_step: "u32", alpha: "f32", beta: "f32" } as const;

export function matmulSpec(t: StridedTemplate) {
  return { ...stridedSpec(t), ...common };
}

export function matmulDirect(t: MatmulTemplate): string {
  return wgsl`
${declarations(t, matmulSpec(t))}

@compute @workgroup_size(${stridedWorkgroup})
fn main(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  ${stridedIndices(t)}
  var sum = 0.0;
  for (var k = 0u; k < p.terms; k++) {
    sum += f32(a[a_at + k * p.a_step]) * f32(b[b_at + k * p.b_step]);
  }
  y[y_at] = stored(p.alpha * sum${t.bias ? " + p.beta * c[c_at]" : ""});
}
`;
}

export interface MatmulTiledTemplate extends MatmulTemplate {
  /** Rows of b are aligned vec4, and so are rows of y. */
  readonly vectors: boolean;
}

export const tileRows = 4;
export const tileColumns = 8;

export function matmulTiledSpec(t: StridedTemplate) {
  const strides = { a_row: "u32", b_column: "u32", c_row: "u32", c_column: "u32", y_row: "u32" } as const;
  return { ...matmulSpec(t), ...strides, rows: "u32", columns: "u32" } as const;
}

/** The walk's last two axes are tiles of rows and of columns; beyond the edge a tile repeats the last row and column. */
export function matmulTiled(t: MatmulTiledTemplate): string {
  const rows = range(tileRows);
  const quads = range(tileColumns / 4);
  const clampedColumn = (j: number) => `min(${j}u, columns - 1u) * p.b_column`;
  const loadQuad = (q: number) =>
    t.vectors
      ? `vec4f(b[(at + min(${4 * q}u, columns - 4u)) / 4u])`
      : `vec4f(${range(4).map((e) => `f32(b[at + column${4 * q + e}])`)})`;
  const row = `i${t.rank - 2} * ${tileRows}u`;
  const column = `i${t.rank - 1} * ${tileColumns}u`;
  return wgsl`
${declarations(t, matmulTiledSpec(t), t.vectors)}

fn store(place: u32, c_place: u32, columns: u32, first: u32, sum: vec4f) {
  var v = p.alpha * sum;
  for (var e = 0u; e < 4u && first + e < columns; e++) {
    ${t.bias ? "v[e] += p.beta * c[c_place + (first + e) * p.c_column];" : ""}
    ${t.vectors ? "" : "y[place + first + e] = stored(v[e]);"}
  }
  ${t.vectors ? "if (first < columns) { y[(place + first) / 4u] = stored4(v); }" : ""}
}

@compute @workgroup_size(${stridedWorkgroup})
fn main(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  ${stridedIndices(t)}
  let rows = p.rows - ${row};
  let columns = p.columns - ${column};
  ${rows.map((r) => `let row${r} = a_at + min(${r}u, rows - 1u) * p.a_row;`).join("\n  ")}
  ${
    t.vectors
      ? ""
      : range(tileColumns)
          .map((j) => `let column${j} = ${clampedColumn(j)};`)
          .join("\n  ")
  }
  ${rows.flatMap((r) => quads.map((q) => `var s${r}_${q} = vec4f();`)).join(" ")}
  for (var k = 0u; k < p.terms; k++) {
    let at = b_at + k * p.b_step;
    ${quads.map((q) => `let b${q} = ${loadQuad(q)};`).join("\n    ")}
    ${rows.map((r) => `let a${r} = f32(a[row${r} + k * p.a_step]); ${quads.map((q) => `s${r}_${q} += a${r} * b${q};`).join(" ")}`).join("\n    ")}
  }
  ${rows.map((r) => `if (${r}u < rows) { ${quads.map((q) => `store(y_at + ${r}u * p.y_row, ${t.bias ? `c_at + ${r}u * p.c_row` : "0u"}, columns, ${4 * q}u, s${r}_${q});`).join(" ")} }`).join("\n  ")}
}
`;
}

function declarations(t: MatmulTemplate, spec: ParamSpec, vectors = false): string {
  const wide = vectors ? "Element4" : "Element";
  const bindings = ["var<storage, read> a: array<Element>;", `var<storage, read> b: array<${wide}>;`];
  if (t.bias) bindings.push("var<storage, read> c: array<f32>;");
  bindings.push(`var<storage, read_write> y: array<${wide}>;`, "var<uniform> p: Params;");
  return `${storageTypes(t.storage)}\n${structParams(spec)}\n${numbered(bindings)}`;
}
