// Text that the register-tiled convolutions share: a tile of `pixels` output pixels by `quads` times four output
// channels, in named vec4 accumulators `a<pixel>_<quad>`, and its epilogue.
import { activateFunction } from "./activation.ts";
import { type ConvEpilogueTemplate, convBindings, residualArray } from "./conv-bindings.ts";
import { range } from "./conv-taps.ts";

export interface TileTemplate extends ConvEpilogueTemplate {
  readonly pixels: number;
  readonly quads: number;
}

export const tileWorkgroup = 64;

const lanes = ["x", "y", "z", "w"];

export interface TileLayout {
  readonly x?: "Element" | "Element4";
  /** Four neighbouring pixels are one aligned vec4 of y and residual. */
  readonly aligned?: boolean;
  /** WGSL: columns between neighbouring pixels. Default 1. */
  readonly columnStep?: string;
}

/** Bindings x, w (as vec4), bias, residual, y and parameters `p`; `store` writes four pixels of a row after the epilogue. */
export function tileDeclarations(
  t: TileTemplate,
  { x = "Element", aligned = false, columnStep = "1u" }: TileLayout = {},
) {
  const type = aligned ? "vec4f" : "f32";
  const residual = residualArray(t);
  return `${convBindings(t, { x, w: "Element4", y: aligned ? "Element4" : "Element" })}
${activateFunction(t.activation, type)}

fn store(n: u32, k: u32, k_end: u32, row: u32, column: u32, sum: vec4f) {
  if (k >= k_end || row >= p.out_height || column >= p.out_width) { return; }
  let element = (k * p.out_height + row) * p.out_width + column;
  let y_at = p.y_offset + n * p.y_batch_stride + element;
  ${t.residual ? "let residual_at = p.residual_offset + n * p.residual_batch_stride + element;" : ""}
  var value = sum;
  ${t.bias ? "value += bias[k];" : ""}
  ${
    aligned
      ? `${t.residual ? `value += vec4f(${residual}[residual_at / 4u]);` : ""}
  y[y_at / 4u] = stored4(activate(value));`
      : `for (var e = 0u; e < 4u && column + e * ${columnStep} < p.out_width; e++) {
    y[y_at + e * ${columnStep}] = stored(activate(value[e]${t.residual ? ` + f32(${residual}[residual_at + e * ${columnStep}])` : ""}));
  }`
  }
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
  const cell = (v: number) => (pixel: number) => `a${pixel}_${v}`;
  return range(quads)
    .map((v) => rowStores(pixels, { row: "row", column, cell: cell(v), firstChannel: `k0 + ${4 * v}u` }))
    .join("\n  ");
}

/** Stores four channels of a row of `pixels` pixels, `cell(i)` the vec4 accumulator of pixel i. */
export function rowStores(
  pixels: number,
  t: { row: string; column: (pixel: number) => string; cell: (pixel: number) => string; firstChannel: string },
): string {
  return lanes
    .flatMap((lane, e) =>
      range(pixels / 4).map((h) => {
        const four = range(4).map((i) => `${t.cell(4 * h + i)}.${lane}`);
        return `store(n, ${t.firstChannel} + ${e}u, k_end, ${t.row}, ${t.column(4 * h)}, vec4f(${four}));`;
      }),
    )
    .join("\n  ");
}
