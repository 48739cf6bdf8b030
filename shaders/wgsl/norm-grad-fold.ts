// What the sums of a normalization's gradient share: one invocation or workgroup per sum, of two things at once.
import { foldFunction } from "./fold.ts";
import type { Storage } from "./storage.ts";
import type { StridedTemplate } from "./strided.ts";
import { numbered } from "./wgsl.ts";

/** A walk over the sums. */
export interface NormFoldTemplate extends StridedTemplate {
  readonly storage: Storage;
  /** Axes of what is summed, joined where they can be. */
  readonly termRank: number;
  /** Invocations per sum: 1, or those of a workgroup. */
  readonly lanes: number;
}

export const rowBuiltins =
  "@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_index) local: u32, @builtin(num_workgroups) groups: vec3u";

/** Declares the bindings in their order, and the parameters behind them. */
export function bind(bindings: readonly string[]): string {
  return numbered([...bindings, "var<uniform> p: Params;"]);
}

/** `fn pair(row: u32, terms: u32, lane: u32, shift: vec2f) -> vec2f` of a term with two components. */
export function pairFold(lanes: number, term: string): string {
  return foldFunction({ name: "pair", lanes, type: "vec2f", identity: "vec2f()", term, combine: "a + b" });
}
