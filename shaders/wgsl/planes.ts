// What kernels share that treat every image plane [n, c] alike: one invocation per pixel of the output plane, which walks
// over planes in steps, since a grid has at most 65,535 workgroups along z.

/** Sizes and views of x [N, C, H, W] and y [N, C, P, Q]. */
export const planeParams = {
  planes: "u32", // N * C
  channels: "u32", // C
  height: "u32", // H
  width: "u32", // W
  out_height: "u32", // P
  out_width: "u32", // Q
  x_offset: "u32",
  x_batch_stride: "u32",
  y_offset: "u32",
  y_batch_stride: "u32",
} as const;

/**
 * What a kernel on volumes x [N, C, D, H, W] and y [N, C, Z, P, Q] is told beside: their slices lie below each other, so
 * that `height` is D * H and `out_height` Z * P.
 */
export const volumeParams = {
  depth: "u32", // D
  slice_height: "u32", // H
  out_depth: "u32", // Z
  out_slice_height: "u32", // P
} as const;

export type Workgroup = readonly [x: number, y: number, z: number];

export interface PlaneGrid {
  readonly workgroup: Workgroup;
  /**
   * Set where a plane is wider or higher than a grid: then its pixels are counted through, workgroups of 64 along x and then y.
   */
  readonly flat: boolean;
}

/**
 * The head of `main`: `id` is the pixel of the output plane, x along a row in steps of `width` pixels, y down the rows, and the
 * first plane; `groups` is the grid. Pixels behind the last one are the kernel's to leave out.
 */
export function planeMain({ workgroup: [x, y, z], flat }: PlaneGrid, width = 1): string {
  const size = `@compute @workgroup_size(${x}, ${y}, ${z})`;
  const main = (name: string) =>
    `fn main(@builtin(global_invocation_id) ${name}: vec3u, @builtin(num_workgroups) groups: vec3u) {`;
  if (!flat) return `${size}\n${main("id")}`;
  return `${size}
${main("at")}
  let index = at.y * groups.x * ${x}u + at.x;
  let across = p.out_width / ${width}u;
  let id = vec3u(index % across, index / across, at.z);`;
}

/** `x_plane(plane)` and `y_plane(plane)`: where plane n * C + c begins. */
export const planeFunctions = `
fn x_plane(plane: u32) -> u32 {
  return p.x_offset + plane / p.channels * p.x_batch_stride + plane % p.channels * p.height * p.width;
}
fn y_plane(plane: u32) -> u32 {
  return p.y_offset + plane / p.channels * p.y_batch_stride + plane % p.channels * p.out_height * p.out_width;
}`;
