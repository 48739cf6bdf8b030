// Text that the register-tiled convolutions share: a tile of `pixels` output pixels by `quads` times four output
// channels, in named vec4 accumulators `a<pixel>_<quad>`, and its epilogue.
import { type ActivationTemplate, activateFunction } from "./activation.ts";
import { conv2dParams } from "./conv2d-direct.wgsl.ts";
import { structParams } from "./wgsl.ts";

export interface TileTemplate {
  readonly pixels: number;
  readonly quads: number;
  readonly bias: boolean;
  readonly residual: boolean;
  readonly activation: ActivationTemplate;
}

export const tileWorkgroup = 64;

const range = (count: number) => Array.from({ length: count }, (_, i) => i);
const lanes = ["x", "y", "z", "w"];

/** Bindings x, w (as vec4), bias, residual, y and parameters `p`; `store` writes one element after the epilogue. */
export function tileDeclarations(t: TileTemplate, xType: "f32" | "vec4f" = "f32"): string {
  let next = 0;
  const read = (name: string, type: string) =>
    `@group(0) @binding(${next++}) var<storage, read> ${name}: array<${type}>;`;
  const inputs = [read("x", xType), read("w", "vec4f")];
  if (t.bias) inputs.push(read("bias", "f32"));
  if (t.residual) inputs.push(read("residual", "f32"));
  return `${structParams(conv2dParams)}
${inputs.join("\n")}
@group(0) @binding(${next++}) var<storage, read_write> y: array<f32>;
@group(0) @binding(${next++}) var<uniform> p: Params;
${activateFunction(t.activation)}

fn store(n: u32, k: u32, row: u32, column: u32, sum: f32) {
  if (k >= p.out_channels || column >= p.out_width) { return; }
  let element = (k * p.out_height + row) * p.out_width + column;
  var value = sum;
  ${t.bias ? "value += bias[k];" : ""}
  ${t.residual ? "value += residual[p.residual_offset + n * p.residual_batch_stride + element];" : ""}
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

/** Stores the tile; `column(i)` is the output column of pixel i, channels begin at `k0`. */
export function tileStores({ pixels, quads }: TileTemplate, column: (pixel: number) => string): string {
  return range(quads)
    .flatMap((v) =>
      lanes.flatMap((lane, e) =>
        range(pixels).map((i) => `store(n, k0 + ${4 * v + e}u, row, ${column(i)}, a${i}_${v}.${lane});`),
      ),
    )
    .join("\n  ");
}
