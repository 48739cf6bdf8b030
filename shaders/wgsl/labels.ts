// What a pixel's label says of the classes. Kernels that use it have the parameters of `labelSpec`.
import { wgsl } from "./wgsl.ts";

/** The index of one class, or a set of admitted ones: bit c of the label is class c. */
export type LabelForm = "index" | "sets";

export const labelSpec = { classes: "u32", ignore_index: "u32" } as const;

/**
 * `is_ignored(label)`; `is_known(label)`: whether it names classes at all; `admits(label, k)`; `first_admitted(label)`.
 * Sets of no class and of all classes say nothing: they are ignored.
 */
export function labelFunctions(form: LabelForm): string {
  return wgsl`
#if ${form === "index"}
fn is_ignored(label: u32) -> bool { return label == p.ignore_index; }
fn is_known(label: u32) -> bool { return label < p.classes; }
fn admits(label: u32, k: u32) -> bool { return label == k; }
fn first_admitted(label: u32) -> u32 { return label; }
#else
fn all_classes() -> u32 { return 0xffffffffu >> (32u - p.classes); }
fn is_ignored(label: u32) -> bool { return (label & all_classes()) == 0u || (label & all_classes()) == all_classes(); }
fn is_known(label: u32) -> bool { return true; }
fn admits(label: u32, k: u32) -> bool { return ((label >> k) & 1u) == 1u; }
fn first_admitted(label: u32) -> u32 { return firstTrailingBit(label); }
#endif
// What an unknown label makes of every result.
fn not_a_number(label: u32) -> f32 { return bitcast<f32>(label | 0x7fc00000u); }
`;
}

/** `weight_of(label, at)`: the weight of its class, or the mean of those it admits. `weights` [N, C], item n from `at` on. */
export function labelWeight(t: { readonly labels: LabelForm; readonly weights: boolean }): string {
  return wgsl`
fn weight_of(label: u32, at: u32) -> f32 {
  #if ${!t.weights}
  return 1.0;
  #elif ${t.labels === "index"}
  return weights[at + label];
  #else
  var sum = 0.0;
  for (var k = 0u; k < p.classes; k++) { sum += select(0.0, weights[at + k], admits(label, k)); }
  return sum / f32(countOneBits(label & all_classes()));
  #endif
}
`;
}
