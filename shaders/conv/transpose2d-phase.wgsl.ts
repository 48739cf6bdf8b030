// The transposed convolution of direct.wgsl.ts (groups 1, dilation 1) by output phase: outputs whose row and
// column leave the same remainders by the stride use the same taps, so no product with a gap is computed.
// Phase (a, b): y[k, a + stride*i, b + stride*j] = sum over c and taps t, u of
//   x[c, i + (a + pad - r0)/stride - t, ...] * w[c, k, r0 + stride*t, ...], r0 = (a + pad) mod stride (likewise columns).
// x [N, C, H, W]; w packed [1, C, R, S, Kp]; bias [K]; y [N, K, P, Q]; or volumes, whose phases are those of slice, row and
// column: all rows of a workgroup take the same kernel rows, so that skipping the others costs next to nothing.
// One invocation per tile of `pixels` columns of a phase and 4 * `quads` channels: x over tiles, row by row; y over
// channels; z over n * phases + phase.
import { transposedRowFunction } from "../wgsl/conv-rows.ts";
import {
  type TileTemplate,
  tileAccumulators,
  tileDeclarations,
  tileProducts,
  tileStores,
  tileWorkgroup,
} from "../wgsl/conv-tile.ts";
import { wgsl } from "../wgsl/wgsl.ts";

const imagePhases = `let phases = p.stride_height * p.stride_width;
  let n = id.z / phases;
  let a = id.z % phases / p.stride_width;`;

const volumePhases = `let phases = p.stride_depth * p.stride_height * p.stride_width;
  let n = id.z / phases;
  let f = id.z % phases / (p.stride_height * p.stride_width);
  let a = id.z / p.stride_width % p.stride_height;`;

const imageRow = `let row = a + i * p.stride_height;
  if (row >= p.out_height) { return; }`;

const volumeRow = `let phase_rows = (p.out_slice_height + p.stride_height - 1u) / p.stride_height;
  let z = f + i / phase_rows * p.stride_depth;
  let row_in_slice = a + i % phase_rows * p.stride_height;
  if (z >= p.out_depth || row_in_slice >= p.out_slice_height) { return; }
  let row = z * p.out_slice_height + row_in_slice;`;

export function convTranspose2dPhase(t: TileTemplate): string {
  const pixels = Array.from({ length: t.pixels }, (_, i) => i);
  const names = Array.from({ length: t.quads }, (_, v) => `w${v}`);
  const loads = pixels.map(
    (i) => `let x${i} = select(0.0, f32(x[x_row + u32(clamp(v + ${i}, 0, last))]), v + ${i} >= 0 && v + ${i} <= last);`,
  );
  return wgsl`
${tileDeclarations(t, { columnStep: "p.stride_width" })}${transposedRowFunction(t)}

@compute @workgroup_size(${tileWorkgroup})
fn main(@builtin(global_invocation_id) id: vec3u) {
  ${t.volume ? volumePhases : imagePhases}
  let b = id.z % p.stride_width;
  // Every phase gets the tiles of the widest one.
  let phase_columns = (p.out_width + p.stride_width - 1u) / p.stride_width;
  let tiles = (phase_columns + ${t.pixels - 1}u) / ${t.pixels}u;
  let i = id.x / tiles;
  let j = id.x % tiles * ${t.pixels}u;
  ${t.volume ? volumeRow : imageRow}
  let k0 = id.y * ${4 * t.quads}u;
  let k_quads = (p.out_channels + ${4 * t.quads - 1}u) / ${4 * t.quads}u * ${t.quads}u;
  let k_end = p.out_channels;
  let plane = p.height * p.width;
  let last = i32(p.width) - 1;
  ${tileAccumulators(t)}
  let r0 = ${t.volume ? "0u" : "(a + p.pad_top) % p.stride_height"};
  let s0 = (b + p.pad_left) % p.stride_width;
  for (var r = r0; r < p.kernel_height; r${t.volume ? "++" : " += p.stride_height"}) {
    let h = ${t.volume ? "transposed_row(row, r)" : "i32(i) + (i32(a + p.pad_top) - i32(r)) / i32(p.stride_height)"};
    if (h < 0 || h >= i32(p.height)) { continue; }
    for (var s = s0; s < p.kernel_width; s += p.stride_width) {
      let v = i32(j) + (i32(b + p.pad_left) - i32(s)) / i32(p.stride_width);
      for (var c = 0u; c < p.channels; c++) {
        let x_row = p.x_offset + n * p.x_batch_stride + c * plane + u32(h) * p.width;
        let w_at = ((c * p.kernel_height + r) * p.kernel_width + s) * k_quads + k0 / 4u;
        ${loads.join("\n        ")}
        ${names.map((name, v) => `let ${name} = vec4f(w[w_at + ${v}u]);`).join(" ")}
        ${tileProducts(
          t,
          pixels.map((pixel) => `x${pixel}`),
          names,
        )}
      }
    }
  }
  ${tileStores(t, (pixel) => `b + (j + ${pixel}u) * p.stride_width`)}
}
`;
}
