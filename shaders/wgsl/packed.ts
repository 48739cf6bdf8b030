// How the kernels of optimizers walk over packed tensors: arrays of blocks, each with the elements of one tensor and, at that
// tensor's end, a gap. `blocks` says of each block how many elements it has, and which group of settings is theirs.

/** Elements of a block. */
export const packedBlock = 128;

/** Invocations of a workgroup, each for four neighbouring elements. */
export const packedWorkgroup = 64;

/** A block's word: elements in the lower half, group in the upper. */
export function packedWord(elements: number, group: number): number {
  return group * 0x10000 + elements;
}

/**
 * Statements that declare `i`, the place of four elements in arrays of vec4; `inside`, which of them are no gap; and `group`.
 * They leave behind the last element.
 */
export const packedIndices = `let i = (group_id.y * groups.x + group_id.x) * ${packedWorkgroup}u + local;
  if (i >= p.count) { return; }
  let word = blocks[i / ${packedBlock / 4}u];
  let inside = vec4u(4u * (i % ${packedBlock / 4}u)) + vec4u(0u, 1u, 2u, 3u) < vec4u(word & 0xffffu);
  let group = word >> 16u;`;

/** The entry point's head, for `packedIndices`. */
export const packedMain = `@compute @workgroup_size(${packedWorkgroup})
fn main(@builtin(workgroup_id) group_id: vec3u, @builtin(local_invocation_index) local: u32, @builtin(num_workgroups) groups: vec3u) {`;

/** `fn is_finite(v: f32) -> bool`, by the bits: WGSL lets a compiler assume that every float is. */
export const finiteTest = `fn is_finite(v: f32) -> bool { return (bitcast<u32>(v) & 0x7f800000u) != 0x7f800000u; }`;
