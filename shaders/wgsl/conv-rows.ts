// Which rows and columns of x a row of y reads. A volume is given to the kernels as an image of D * H rows, and its kernels as ones of
// T * R rows: only what is here knows of slices.
import type { ConvEpilogueTemplate } from "./conv-bindings.ts";
import { ascending, range } from "./conv-taps.ts";

type Space = Pick<ConvEpilogueTemplate, "volume">;

/** WGSL, an i32: the row that row `r` of a kernel reads for the output's row `row`; outside of x where there is none. */
export function inputRow({ volume }: Space, row: string, r: string): string {
  if (volume) return `input_row(${row}, ${r})`;
  return `i32(${row} * p.stride_height + ${r} * p.dilation_height) - i32(p.pad_top)`;
}

/** What {@link inputRow} calls. */
export function inputRowFunction({ volume }: Space): string {
  if (!volume) return "";
  return `

// Row d * H + h of x that row t * R + r of a kernel reads for row z * P + i of y, or -1.
fn input_row(row: u32, kernel_row: u32) -> i32 {
  let z = row / p.out_slice_height;
  let t = kernel_row / p.slice_kernel_height;
  let d = i32(z * p.stride_depth + t * p.dilation_depth) - i32(p.pad_front);
  let i = row - z * p.out_slice_height;
  let r = kernel_row - t * p.slice_kernel_height;
  let h = i32(i * p.stride_height + r * p.dilation_height) - i32(p.pad_top);
  let exists = d >= 0 && d < i32(p.depth) && h >= 0 && h < i32(p.slice_height);
  return select(-1, d * i32(p.slice_height) + h, exists);
}`;
}

export interface ColumnTemplate {
  /** S: taps along a row are unrolled. */
  readonly kernelWidth: number;
  readonly strideWidth: number;
  readonly dilationWidth: number;
}

/**
 * The columns that neighbours in a row of y read: `column(i, s)` is that of pixel i and tap s, counted from `first`. WGSL:
 * `edges` declares where they are, `loads` reads those of the row at `x_row` as x0, x1, ...: zeros outside of x.
 */
export function inputColumns({ kernelWidth, strideWidth, dilationWidth }: ColumnTemplate, pixels: number) {
  const column = (i: number, s: number) => i * strideWidth + s * dilationWidth;
  const columns = ascending(range(pixels).flatMap((i) => range(kernelWidth).map((s) => column(i, s))));
  const edges = columns.map(
    (j) =>
      `let c${j} = first + ${j}; let ok${j} = c${j} >= 0 && c${j} < i32(p.width); let at${j} = u32(clamp(c${j}, 0, last));`,
  );
  const loads = columns.map((j) => `let x${j} = select(0.0, f32(x[x_row + at${j}]), ok${j});`);
  return { column, edges, loads };
}

/** WGSL: where along one axis a transposed convolution finds an element of x. */
export const unstridedFunction = `

// The element of x that a stride put at \`scaled\`, or -1 in its gaps and outside of x.
fn unstrided(scaled: i32, stride: u32, size: u32) -> i32 {
  let at = u32(max(scaled, 0)) / stride;
  return select(-1, i32(at), scaled == i32(at * stride) && at < size);
}`;

/** The same as {@link inputRowFunction} for transposed convolutions of volumes: `transposed_row(row, r)`. */
export function transposedRowFunction({ volume }: Space): string {
  if (!volume) return "";
  return `${unstridedFunction}

// Row d * H + h of x that row t * R + r of a kernel brings to row z * P + i of y, or -1.
fn transposed_row(row: u32, kernel_row: u32) -> i32 {
  let z = row / p.out_slice_height;
  let t = kernel_row / p.slice_kernel_height;
  let d = unstrided(i32(z + p.pad_front) - i32(t * p.dilation_depth), p.stride_depth, p.depth);
  let i = row - z * p.out_slice_height;
  let r = kernel_row - t * p.slice_kernel_height;
  let h = unstrided(i32(i + p.pad_top) - i32(r * p.dilation_height), p.stride_height, p.slice_height);
  return select(-1, d * i32(p.slice_height) + h, d >= 0 && h >= 0);
}`;
}
