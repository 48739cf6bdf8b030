// Text that the register-tiled convolutions share: a tile of `pixels` output pixels by `quads` times four output
// channels, in named vec4 accumulators `a<pixel>_<quad>`, and its epilogue.
import { activateFunction } from "./activation.ts";
import { type ConvEpilogueTemplate, convBindings, residualArray } from "./conv-bindings.ts";

export interface TileTemplate extends ConvEpilogueTemplate {
  readonly pixels: number;
  readonly quads: number;
}

export const tileWorkgroup = 64;

const range = (count: number) => Array.from({ length: count }, (_, i) => i);
const lanes = ["x", "y", "z", "w"];

/** Bindings x, w (as vec4), bias, residual, y and parameters `p`; `store` writes one element after the epilogue. */
export function tileDeclarations(t: TileTemplate, xType: "f32" | "vec4f" = "f32"): string {
  return `${convBindings(t, { x: xType, w: "vec4f" })}
${activateFunction(t.activation)}

fn store(n: u32, k: u32, k_end: u32, row: u32, column: u32, sum: f32) {
  if (k >= k_end || row >= p.out_height || column >= p.out_width) { return; }
  let element = (k * p.out_height + row) * p.out_width + column;
  var value = sum;
  ${t.bias ? "value += bias[k];" : ""}
  ${t.residual ? `value += ${residualArray(t)}[p.residual_offset + n * p.residual_batch_stride + element];` : ""}
  y[p.y_offset + n * p.y_batch_stride + element] = activate(value);
}`;
}

export function tileAccumulators({ pixels, quads }: TileTemplate): string {
  return range(pixels)
    .flatMap((i) => range(quads).map((v) => `var a${i}_${v} = vec4f();`))
    .join("\n  ");
}

/** `a<i>_<v> += x * w` for the pixels' inputs `xs` and the weights `w<v>`. */
export function tileProducts({ quads }: TileTemplate, xs: readonly string[], weights: readonly string[]): string {
  return xs.flatMap((x, i) => range(quads).map((v) => `a${i}_${v} += ${x} * ${weights[v]};`)).join(" ");
}

/** Stores the tile; `column(i)` is the output column of pixel i, channels run from `k0` to before `k_end`. */
export function tileStores({ pixels, quads }: TileTemplate, column: (pixel: number) => string): string {
  return range(quads)
    .flatMap((v) =>
      lanes.flatMap((lane, e) =>
        range(pixels).map((i) => `store(n, k0 + ${4 * v + e}u, k_end, row, ${column(i)}, a${i}_${v}.${lane});`),
      ),
    )
    .join("\n  ");
}
