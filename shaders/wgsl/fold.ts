// Sums, maxima and the like over the terms of a row, in an order that is the same on every run: blocks of 64 terms in a
// row, then the blocks; with several invocations per row each takes every `lanes`th term, and a tree joins them.
// It keeps the error of a long sum to that of some hundred additions.

import type { ParamSpec } from "./wgsl.ts";

export interface Fold {
  readonly name: string;
  /** Invocations that share a row: 1, or a workgroup of a power of two. */
  readonly lanes: number;
  readonly type: "f32" | "i32" | "u32" | "vec2f" | "vec3f";
  /** WGSL: what a fold begins with; it may be a term. */
  readonly identity: string;
  /** WGSL: term \`k\` of the row at \`row\`; \`shift\` is what the caller hands in. */
  readonly term: string;
  /** WGSL, of \`a\` and \`b\`. */
  readonly combine: string;
}

export const blockTerms = 64;

/** `fn name(row: u32, terms: u32, lane: u32, shift: T) -> T`. In uniform control flow, all lanes get the result. */
export function foldFunction(t: Fold): string {
  const tree = `fold_${t.name}[lane] = total;
  workgroupBarrier();
  for (var half = ${t.lanes / 2}u; half > 0u; half /= 2u) {
    if (lane < half) { fold_${t.name}[lane] = ${t.name}_of_two(fold_${t.name}[lane], fold_${t.name}[lane + half]); }
    workgroupBarrier();
  }
  return fold_${t.name}[0];`;
  return `${t.lanes > 1 ? `var<workgroup> fold_${t.name}: array<${t.type}, ${t.lanes}>;` : ""}
fn ${t.name}_of_two(a: ${t.type}, b: ${t.type}) -> ${t.type} { return ${t.combine}; }
fn ${t.name}(row: u32, terms: u32, lane: u32, shift: ${t.type}) -> ${t.type} {
  var total = ${t.identity};
  for (var first = lane; first < terms; first += ${blockTerms * t.lanes}u) {
    var block = ${t.identity};
    for (var k = first; k < min(terms, first + ${blockTerms * t.lanes}u); k += ${t.lanes}u) {
      block = ${t.name}_of_two(block, ${t.term});
    }
    total = ${t.name}_of_two(total, block);
  }
  ${t.lanes > 1 ? tree : "return total;"}
}`;
}

/** Parameters of the axes that a row's terms lie along, for each array that has them. */
export function termSpec(rank: number, arrays: readonly string[]): ParamSpec {
  const axes = Array.from({ length: rank }, (_, axis) => axis);
  const names = axes.flatMap((axis) => [`term_size${axis}`, ...arrays.map((name) => `${name}_term${axis}`)]);
  return Object.fromEntries(["terms", ...names].map((name) => [name, "u32"]));
}

/** `fn x_term(k: u32) -> u32` for each array: from a row's first element to its element k. */
export function termFunctions(rank: number, arrays: readonly string[]): string {
  return arrays
    .map((name) => {
      const lines = ["var rest = k;", "var at = 0u;"];
      for (let axis = rank - 1; axis > 0; axis--) {
        lines.push(`at += rest % p.term_size${axis} * p.${name}_term${axis};`, `rest /= p.term_size${axis};`);
      }
      return `fn ${name}_term(k: u32) -> u32 {
  ${lines.join("\n  ")}
  return at + rest * p.${name}_term0;
}`;
    })
    .join("\n");
}

/** How an invocation finds its row \`i\` and its \`lane\`, from workgroup_id, local_invocation_index and num_workgroups. */
export function rowIndex(lanes: number): string {
  return lanes > 1 ? "group.y * groups.x + group.x" : `(group.y * groups.x + group.x) * ${soloRows}u + local`;
}

/** Rows of a workgroup whose invocations have a row each. */
export const soloRows = 64;
