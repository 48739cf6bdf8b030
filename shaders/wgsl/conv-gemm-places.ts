// Where the matrix-product convolutions find the inputs, weights and outputs of their pixels and taps. A phase is the set
// of outputs whose row and column (and slice) leave the same remainders by the stride: they use the same taps.
import type { ConvEpilogueTemplate } from "./conv-bindings.ts";

/** WGSL. Pixels and taps are counted within a phase; a convolution that is not transposed has one. */
export interface GemmPlaces {
  /** n, the phase, its `rows` and `columns`, and how a pixel and a tap lead to an input. */
  readonly phase: string;
  readonly phaseType: string;
  /** The first input row of four `pixels`. */
  readonly firstRow: string;
  /** Row and column of `tap`. */
  readonly tap: string;
  /** The four inputs `at` that the tap reads, and whether each `exists`. */
  readonly inputs: string;
  /** The tap's place `w_tap` in the packed weights. */
  readonly weight: string;
  /** The place `element` of pixel m + e in an item of y. */
  readonly output: string;
}

export function gemmPlaces({
  volume,
  transposed,
}: Pick<ConvEpilogueTemplate, "volume"> & { readonly transposed: boolean }): GemmPlaces {
  const space = volume ? volumePlaces : imagePlaces;
  return { ...space, ...(transposed ? space.transposed : space.plain) };
}

const inOrder = "let element = k * plane + m + e;";

const imagePlaces = {
  plain: {
    phase: `let n = id.z;
  let phase = vec2u();
  let rows = p.out_height; let columns = p.out_width;
  let row_step = i32(p.stride_height); let column_step = i32(p.stride_width);
  let row_base = -i32(p.pad_top); let column_base = -i32(p.pad_left);
  let tap_row_step = i32(p.dilation_height); let tap_column_step = i32(p.dilation_width);
  let taps_height = p.kernel_height; let taps_width = p.kernel_width;
  let first_tap = vec2u(); let tap_stride = vec2u(1u);`,
    output: inOrder,
  },
  transposed: {
    phase: `let phases = p.stride_height * p.stride_width;
  let n = id.z / phases;
  let stride = vec2u(p.stride_height, p.stride_width);
  let phase = vec2u(id.z % phases / p.stride_width, id.z % p.stride_width);
  let phase_rows = (p.out_height - min(p.out_height, phase.x) + p.stride_height - 1u) / p.stride_height;
  let rows = select(0u, phase_rows, phase.y < p.out_width);
  let columns = max(1u, (p.out_width - min(p.out_width, phase.y) + p.stride_width - 1u) / p.stride_width);
  let padded = phase + vec2u(p.pad_top, p.pad_left);
  let first_tap = padded % stride; let tap_stride = stride;
  let row_step = 1; let column_step = 1;
  let row_base = i32(padded.x / p.stride_height); let column_base = i32(padded.y / p.stride_width);
  let tap_row_step = -1; let tap_column_step = -1;
  let taps_height = (p.kernel_height - min(p.kernel_height, first_tap.x) + p.stride_height - 1u) / p.stride_height;
  let taps_width = (p.kernel_width - min(p.kernel_width, first_tap.y) + p.stride_width - 1u) / p.stride_width;`,
    output:
      "let element = k * plane + ((m + e) / columns * p.stride_height + phase.x) * p.out_width + (m + e) % columns * p.stride_width + phase.y;",
  },
  phaseType: "vec2u",
  firstRow: "let first_row = vec4i(pixels / columns) * row_step + row_base;",
  tap: "let tap_row = tap / taps_width; let tap_column = tap % taps_width;",
  inputs: `let h = first_row + i32(tap_row) * tap_row_step;
    let v = first_column + i32(tap_column) * tap_column_step;
    let exists = inside & (h >= vec4i()) & (h < vec4i(i32(p.height))) & (v >= vec4i()) & (v < vec4i(i32(p.width)));
    let at = vec4u(select(vec4i(), h * i32(p.width) + v, exists));`,
  weight:
    "let w_tap = (first_tap.x + tap_row * tap_stride.x) * p.kernel_width + first_tap.y + tap_column * tap_stride.y;",
} as const;

/** Vectors are of row, column, slice, and the phase's rows in a slice where there is a fourth. */
const volumePlaces = {
  plain: {
    phase: `let n = id.z;
  let phase = vec4u(0u, 0u, 0u, p.out_slice_height);
  let rows = p.out_height; let columns = p.out_width;
  let row_step = i32(p.stride_height); let column_step = i32(p.stride_width); let slice_step = i32(p.stride_depth);
  let row_base = -i32(p.pad_top); let column_base = -i32(p.pad_left); let slice_base = -i32(p.pad_front);
  let tap_row_step = i32(p.dilation_height); let tap_column_step = i32(p.dilation_width);
  let tap_slice_step = i32(p.dilation_depth);
  let taps_depth = p.kernel_height / p.slice_kernel_height;
  let taps_height = p.slice_kernel_height; let taps_width = p.kernel_width;
  let first_tap = vec3u(); let tap_stride = vec3u(1u);`,
    output: inOrder,
  },
  transposed: {
    phase: `let stride = vec3u(p.stride_height, p.stride_width, p.stride_depth);
  let phases = stride.x * stride.y * stride.z;
  let n = id.z / phases;
  let first = vec3u(id.z / stride.y % stride.x, id.z % stride.y, id.z % phases / (stride.x * stride.y));
  let size = vec3u(p.out_slice_height, p.out_width, p.out_depth);
  let counts = (size - min(size, first) + stride - 1u) / stride;
  let phase = vec4u(first, max(1u, counts.x));
  let rows = select(0u, counts.z * counts.x, counts.y > 0u);
  let columns = max(1u, counts.y);
  let padded = first + vec3u(p.pad_top, p.pad_left, p.pad_front);
  let first_tap = padded % stride; let tap_stride = stride;
  let row_step = 1; let column_step = 1; let slice_step = 1;
  let base = vec3i(padded / stride);
  let row_base = base.x; let column_base = base.y; let slice_base = base.z;
  let tap_row_step = -1; let tap_column_step = -1; let tap_slice_step = -1;
  let kernel = vec3u(p.slice_kernel_height, p.kernel_width, p.kernel_height / p.slice_kernel_height);
  let tap_counts = (kernel - min(kernel, first_tap) + stride - 1u) / stride;
  let taps_height = tap_counts.x; let taps_width = tap_counts.y; let taps_depth = tap_counts.z;`,
    output: `let row = (m + e) / columns;
    let p_in_slice = row % phase.w * p.stride_height + phase.x;
    let y_row = (row / phase.w * p.stride_depth + phase.z) * p.out_slice_height + p_in_slice;
    let element = k * plane + y_row * p.out_width + (m + e) % columns * p.stride_width + phase.y;`,
  },
  phaseType: "vec4u",
  firstRow: `let pixel_rows = pixels / columns;
  let first_slice = vec4i(pixel_rows / phase.w) * slice_step + slice_base;
  let first_row = vec4i(pixel_rows % phase.w) * row_step + row_base;`,
  tap: `let tap_slice = tap / taps_width / taps_height;
      let tap_row = tap / taps_width % taps_height; let tap_column = tap % taps_width;`,
  inputs: `let d = first_slice + i32(tap_slice) * tap_slice_step;
    let h = first_row + i32(tap_row) * tap_row_step;
    let v = first_column + i32(tap_column) * tap_column_step;
    let exists = inside & (d >= vec4i()) & (d < vec4i(i32(p.depth))) & (h >= vec4i()) & (h < vec4i(i32(p.slice_height)))
      & (v >= vec4i()) & (v < vec4i(i32(p.width)));
    let at = vec4u(select(vec4i(), (d * i32(p.slice_height) + h) * i32(p.width) + v, exists));`,
  weight: `let w_row = (first_tap.z + tap_slice * tap_stride.z) * p.slice_kernel_height + first_tap.x + tap_row * tap_stride.x;
      let w_tap = w_row * p.kernel_width + first_tap.y + tap_column * tap_stride.y;`,
} as const;
