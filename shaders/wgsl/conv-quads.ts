// What convolution kernels share that take four neighbouring columns at a time: their loads and stores, and which of these
// blocks the taps of four outputs meet.
import { activateFunction } from "./activation.ts";
import { type ConvEpilogueTemplate, convBindings, residualArray } from "./conv-bindings.ts";
import { ascending, type Pair, range } from "./conv-taps.ts";
import { wgsl } from "./wgsl.ts";

export interface QuadTemplate extends ConvEpilogueTemplate {
  /** Rows of x are whole, aligned vec4. */
  readonly vectorLoads: boolean;
  /** Rows of y and residual are whole, aligned vec4. */
  readonly aligned: boolean;
}

/** Of depthwise convolutions with stride 1. */
export interface DepthwiseQuadTemplate extends QuadTemplate {
  readonly kernel: Pair;
  readonly dilationWidth: number;
  readonly padLeft: number;
}

/** The bindings, with weights of that type, and `store` of four outputs from column q0 of a row on, as far as the plane goes. */
export function quadAccess(t: QuadTemplate, w: "Element" | "Element4" = "Element"): string {
  const residual = residualArray(t);
  return wgsl`${convBindings(t, { x: t.vectorLoads ? "Element4" : "Element", w, y: t.aligned ? "Element4" : "Element" })}
${activateFunction(t.activation, t.aligned ? "vec4f" : "f32")}

fn store(n: u32, k: u32, row: u32, q0: u32, sum: vec4f) {
  let element = (k * p.out_height + row) * p.out_width + q0;
  let y_at = p.y_offset + n * p.y_batch_stride + element;
  ${t.residual ? "let residual_at = p.residual_offset + n * p.residual_batch_stride + element;" : ""}
  var value = sum;
  ${t.bias ? "value += bias[k];" : ""}
  #if ${t.aligned}
  ${t.residual ? `value += vec4f(${residual}[residual_at / 4u]);` : ""}
  y[y_at / 4u] = stored4(activate(value));
  #else
  for (var e = 0u; e < min(4u, p.out_height * p.out_width - (row * p.out_width + q0)); e++) {
    y[y_at + e] = stored(activate(value[e]${t.residual ? ` + f32(${residual}[residual_at + e])` : ""}));
  }
  #endif
}`;
}

/** `load` of four elements of x. */
export function quadLoad({ vectorLoads }: QuadTemplate): string {
  const quad = vectorLoads ? "x[at / 4u]" : "Element4(x[at], x[at + 1u], x[at + 2u], x[at + 3u])";
  return `fn load(at: u32) -> vec4f { return vec4f(${quad}); }`;
}

/** Blocks of four columns, counted from that of the outputs, and each tap's inputs out of the blocks that `name` names. */
export function columnBlocks({ kernel, dilationWidth, padLeft }: DepthwiseQuadTemplate) {
  const taps = range(kernel[1]).map((tap) => {
    const column = tap * dilationWidth - padLeft;
    const block = Math.floor(column / 4);
    return { block, shift: column - 4 * block };
  });
  const blocks = ascending(taps.flatMap(({ block, shift }) => (shift === 0 ? [block] : [block, block + 1])));
  const inputs = (name: (block: number) => string) =>
    taps.map(({ block, shift }) => {
      if (shift === 0) return name(block);
      const lanes = range(4).map((e) =>
        e + shift < 4 ? `${name(block)}[${e + shift}]` : `${name(block + 1)}[${e + shift - 4}]`,
      );
      return `vec4f(${lanes})`;
    });
  return { blocks, inputs };
}
