// gx[i0, i1, ...] = sum of gy[o0, o1, ...] over the outputs that are copies of the element: along a padded axis
// reflect: begin + i, and its mirror images at the first and at the last element, where these are inside of gy;
// replicate: begin + i, and of the outermost elements all that lies beyond.
// One invocation per element of gx, which sums in a fixed order.
import { type Storage, storageTypes } from "../wgsl/storage.ts";
import { type StridedTemplate, stridedIndices, stridedSpec, stridedWorkgroup } from "../wgsl/strided.ts";
import { structParams, wgsl } from "../wgsl/wgsl.ts";

/** A walk along the axes of gx, element by element. */
export interface PadGradientTemplate extends StridedTemplate<"gx"> {
  readonly mode: "reflect" | "replicate";
  readonly storage: Storage;
  /** The axes that have more than one copy of an element. */
  readonly padded: readonly number[];
}

export function padGradientSpec(t: StridedTemplate) {
  const perAxis = Array.from({ length: t.rank }, (_, axis) => [
    [`begin${axis}`, "i32"],
    [`gx_size${axis}`, "i32"],
    [`gy_size${axis}`, "i32"],
    [`gy_stride${axis}`, "u32"],
  ]);
  return { ...stridedSpec(t), ...Object.fromEntries(perAxis.flat()), gy_offset: "u32" } as const;
}

export function padGradient(t: PadGradientTemplate): string {
  const isPadded = (axis: number) => t.padded.includes(axis);
  const whole = Array.from({ length: t.rank }, (_, axis) => axis).filter((axis) => !isPadded(axis));
  const start = ["p.gy_offset", ...whole.map((axis) => `i${axis} * p.gy_stride${axis}`)].join(" + ");
  const loops = t.padded.map((axis) => {
    const sizes = `i32(i${axis}), p.begin${axis}, p.gx_size${axis}, p.gy_size${axis}`;
    return `for (var k${axis} = 0; k${axis} < copies(${sizes}); k${axis}++) {
    let o${axis} = copy(k${axis}, ${sizes});
    if (o${axis} < 0 || o${axis} >= p.gy_size${axis}) { continue; }`;
  });
  const at = ["start", ...t.padded.map((axis) => `u32(o${axis}) * p.gy_stride${axis}`)].join(" + ");
  return wgsl`
${storageTypes(t.storage)}
${structParams(padGradientSpec(t))}
@group(0) @binding(0) var<storage, read> gy: array<Element>;
@group(0) @binding(1) var<storage, read_write> gx: array<Element>;
@group(0) @binding(2) var<uniform> p: Params;

#if ${t.mode === "reflect"}
fn copies(i: i32, begin: i32, size: i32, out_size: i32) -> i32 {
  return 3;
}
// The edge is no image of itself.
fn copy(k: i32, i: i32, begin: i32, size: i32, out_size: i32) -> i32 {
  if (k == 0) { return begin + i; }
  if (k == 1) { return select(-1, begin - i, i > 0); }
  return select(-1, begin + 2 * (size - 1) - i, i < size - 1);
}
#else
fn copies(i: i32, begin: i32, size: i32, out_size: i32) -> i32 {
  let end = select(begin + i + 1, out_size, i == size - 1);
  return end - select(begin + i, 0, i == 0);
}
fn copy(k: i32, i: i32, begin: i32, size: i32, out_size: i32) -> i32 {
  return k + select(begin + i, 0, i == 0);
}
#endif

@compute @workgroup_size(${stridedWorkgroup})
fn main(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  ${stridedIndices(t)}
  let start = ${start};
  var sum = 0.0;
  ${loops.join("\n  ")}
  sum += f32(gy[${at}]);
  ${"}".repeat(loops.length)}
  gx[gx_at] = stored(sum);
}
`;
}
