// The gradient of maps whose output is a sum of inputs, weighted along each axis by itself, as averages and interpolations are:
// y[i, j] = sum of a(i, h) * b(j, w) * x[h, w] for every plane n, c. Its gradient is gathered, in a fixed order:
// gx[h, w] = sum of a(i, h) * b(j, w) * gy[i, j] over the i, j that read h, w.
// gy [N, C, P, Q]; gx [N, C, H, W]; volumes have one axis more, Z before P and D before H; an image is a volume of one slice.
// In the parameters x is what is read, gy, and y what is written, gx.
// One invocation per pixel of gx, or per four neighbours in a row: x over w, y over h (of all slices), z over planes n * C + c,
// in steps of the grid.
import { type Neighbours, neighboursType, storeNeighbours } from "./neighbours.ts";
import { type PlaneGrid, planeFunctions, planeMain, planeParams, volumeParams } from "./planes.ts";
import { type Storage, storageTypes } from "./storage.ts";
import { loadedAs } from "./strided.ts";
import { type ParamSpec, type ParamType, structParams, wgsl } from "./wgsl.ts";

export const axisNames = ["depth", "height", "width"] as const;

/** What tells one such map from another. */
export interface AxisRule {
  /** Numbers that `Axis` has beside `size` (of gx) and `outputs` (of gy). */
  readonly spec: ParamSpec;
  /**
   * WGSL, of `at` in gx and of an output: `readers(at: u32, axis: Axis) -> vec2u`, the outputs from .x, below .y, that may read
   * it, in order of `at`; and `weight(output: u32, at: u32, axis: Axis) -> f32`, which is 0 where it does not.
   */
  readonly functions: string;
}

export interface PlaneGradientTemplate extends AxisRule, Neighbours {
  readonly storage: Storage;
  readonly grid: PlaneGrid;
}

/** `factor` multiplies every sum; the numbers of an axis come as `kernel_depth`, `kernel_height`, ... */
export function planeGradientSpec(spec: ParamSpec): ParamSpec {
  const f32: ParamType = "f32";
  const perAxis = axisNames.flatMap((axis) => Object.entries(spec).map(([name, type]) => [`${name}_${axis}`, type]));
  return { ...planeParams, ...volumeParams, factor: f32, ...Object.fromEntries(perAxis) };
}

export function planeGradient(t: PlaneGradientTemplate): string {
  const sizes = {
    depth: ["p.out_depth", "p.depth"],
    height: ["p.out_slice_height", "p.slice_height"],
    width: ["p.out_width", "p.width"],
  };
  const axis = (name: (typeof axisNames)[number]) =>
    `Axis(${[...sizes[name], ...Object.keys(t.spec).map((field) => `p.${field}_${name}`)].join(", ")})`;
  const fields = Object.entries({ size: "u32", outputs: "u32", ...t.spec }).map(([name, type]) => `${name}: ${type}`);
  const register = loadedAs(t.width);
  const columnWeights = Array.from({ length: t.width }, (_, i) => `weight(column, first + ${i}u, width)`).join(", ");
  return wgsl`
${storageTypes(t.storage)}
${structParams(planeGradientSpec(t.spec))}
@group(0) @binding(0) var<storage, read> gy: array<Element>;
@group(0) @binding(1) var<storage, read_write> gx: array<${neighboursType(t)}>;
@group(0) @binding(2) var<uniform> p: Params;
${planeFunctions}

struct Axis { ${fields.join(", ")} }
${t.functions}

${planeMain(t.grid, t.width)}
  let first = id.x * ${t.width}u;
  if (first >= p.out_width || id.y >= p.out_height) { return; }
  let depth = ${axis("depth")};
  let height = ${axis("height")};
  let width = ${axis("width")};
  let d = id.y / p.out_slice_height;
  let h = id.y % p.out_slice_height;
  let slices = readers(d, depth);
  let rows = readers(h, height);
  let columns = vec2u(readers(first, width).x, readers(first + ${t.width - 1}u, width).y);
  for (var plane = id.z; plane < p.planes; plane += groups.z * ${t.grid.workgroup[2]}u) {
    let image = x_plane(plane);
    var sum = ${register}();
    for (var slice = slices.x; slice < slices.y; slice++) {
      let slice_weight = weight(slice, d, depth) * p.factor;
      for (var row = rows.x; row < rows.y; row++) {
        var row_sum = ${register}();
        for (var column = columns.x; column < columns.y; column++) {
          let value = f32(gy[image + (slice * p.slice_height + row) * p.width + column]);
          row_sum += value * ${register}(${columnWeights});
        }
        sum += slice_weight * weight(row, h, height) * row_sum;
      }
    }
    let at = y_plane(plane) + id.y * p.out_width + first;
    ${storeNeighbours(t, "gx", "sum", "at")}
  }
}
`;
}
