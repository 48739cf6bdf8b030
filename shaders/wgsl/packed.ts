// How the kernels of optimizers walk over packed tensors: arrays of blocks, each with the elements of one tensor and, at that
// tensor's end, a gap. `blocks` says of each block how many elements it has, and which group of settings is theirs.
import { numbered, wgsl } from "./wgsl.ts";

/** Elements of a block. */
export const packedBlock = 128;

/** Invocations of a workgroup, each for four neighbouring elements. */
export const packedWorkgroup = 64;

/** A block's word: elements in the lower half, group in the upper. */
export function packedWord(elements: number, group: number): number {
  return group * 0x10000 + elements;
}

/**
 * A kernel that updates packed states, arrays of vec4f: one invocation per four neighbouring elements. `reads` are bound before
 * them, e.g. `blocks: array<u32>`, which all have. `main` are statements that know `i`, the place of four elements; `inside`, which of
 * them are no gap; and `group`.
 */
export function packedUpdate(
  reads: readonly string[],
  states: readonly string[],
  main: string,
  functions = "",
): string {
  const bindings = [
    ...reads.map((array) => `var<storage, read> ${array};`),
    ...states.map((state) => `var<storage, read_write> ${state}: array<vec4f>;`),
    "var<uniform> p: Params;",
  ];
  return wgsl`
struct Params { count: u32 }
${numbered(bindings)}
${functions}

@compute @workgroup_size(${packedWorkgroup})
fn main(@builtin(workgroup_id) group_id: vec3u, @builtin(local_invocation_index) local: u32, @builtin(num_workgroups) groups: vec3u) {
  let i = (group_id.y * groups.x + group_id.x) * ${packedWorkgroup}u + local;
  if (i >= p.count) { return; }
  let word = blocks[i / ${packedBlock / 4}u];
  let inside = vec4u(4u * (i % ${packedBlock / 4}u)) + vec4u(0u, 1u, 2u, 3u) < vec4u(word & 0xffffu);
  let group = word >> 16u;
  ${main}
}
`;
}

// By the bits: WGSL lets a compiler assume that every float is.
const finiteTest = `fn is_finite(v: f32) -> bool { return (bitcast<u32>(v) & 0x7f800000u) != 0x7f800000u; }`;

/**
 * An optimizer's kernel. `main` knows `rate` and `decay` too, the group's settings, and `scaled`, four gradients as they count;
 * nothing changes where scale is not finite. g and the states: [elements], packed; settings [groups, 2]; scale [4], as
 * gradient-scale.wgsl.ts gives it.
 */
export function optimizerUpdate(states: readonly string[], main: string, functions = ""): string {
  const reads = ["g: array<vec4f>", "blocks: array<u32>", "settings: array<vec2f>", "scale: array<f32>"];
  const head = `if (!is_finite(scale[0])) { return; }
  let rate = settings[group].x;
  let decay = settings[group].y;
  let scaled = scale[0] * (scale[3] * g[i]);
  `;
  return packedUpdate(reads, states, head + main, functions === "" ? finiteTest : `${finiteTest}\n${functions}`);
}
