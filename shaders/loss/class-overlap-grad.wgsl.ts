// gq[n, c, i] = gi[n, c] * t + gp[n, c], or + gp[n, c] * 2 * q[n, c, i] of squares, with the names of class-overlap.wgsl.ts;
// 0 where the label is ignored, NaN where it is unknown.
// gi and gp f32 [N, C], whose places are those of an item; q and gq [N, C, ...]; labels [N, ...]. One invocation per pixel.
import type { PixelKernel } from "../wgsl/pixels.ts";

export function classOverlapGradientKernel({ squared }: { readonly squared: boolean }): PixelKernel {
  return {
    spec: { channels: "u32", first_class: "u32", class_stride: "u32" },
    reads: ["gi: array<f32>", "gp: array<f32>", ...(squared ? ["q: array<Element>"] : [])],
    writes: "gq: array<Element>",
    functions: "",
    main: `
  for (var c = 0u; c < p.channels; c++) {
    let at = c * p.class_stride;
    let size = ${squared ? "2.0 * f32(q[q_at + at])" : "1.0"};
    let known = select(0.0, gi[gi_at + c], label == p.first_class + c) + gp[gp_at + c] * size;
    let result = select(not_a_number(label), known, is_known(label));
    gq[gq_at + at] = stored(select(result, 0.0, is_ignored(label)));
  }`,
  };
}
