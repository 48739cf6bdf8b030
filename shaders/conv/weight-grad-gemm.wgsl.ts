// The weight gradient of weight-grad.wgsl.ts as a matrix product that is never laid out in memory: rows are output channels,
// columns the (input channel, tap) pairs of a group, and the sum runs over all pixels of gy, those of all items in a row.
// x [N, C, H, W], gy [N, K, P, Q]; gw [parts, K, C/G, R, S]: sums over the parts of all rows n * P + p, which are added after.
// One workgroup per tile of `tileChannels` output channels and `tileColumns` columns, and part: it gathers both sides of a
// chunk of pixels into workgroup memory, neighbouring invocations from neighbouring pixels; each invocation keeps
// `threadChannels` x `threadColumns` sums. A chunk is summed on its own first, which keeps the error of a long sum small.
// x over column tiles, y over channel tiles of all groups, z over parts.
import { range } from "../wgsl/conv-taps.ts";
import { wgsl } from "../wgsl/wgsl.ts";
import { type ConvWeightGradTemplate, weightGradBindings } from "./weight-grad.wgsl.ts";

/** Invocations are a multiple of `chunk`, and each loads as many quads of a chunk as the others. */
export interface WeightGemmTile {
  readonly tileChannels: number;
  readonly tileColumns: number;
  /** Multiples of 4. */
  readonly threadChannels: number;
  readonly threadColumns: number;
  /** Pixels. */
  readonly chunk: number;
}

export function weightGemmThreads(t: WeightGemmTile): number {
  return (t.tileChannels / t.threadChannels) * (t.tileColumns / t.threadColumns);
}

/** Quads from one pixel of a chunk to the next: odd, so that invocations that store neighbouring pixels use all banks. */
function pixelStep(tileSide: number): number {
  return tileSide / 4 + 1;
}

export function weightGemmWorkgroupBytes(t: WeightGemmTile): number {
  return (pixelStep(t.tileChannels) + pixelStep(t.tileColumns)) * t.chunk * 16;
}

const lanes = ["x", "y", "z", "w"];

export function convWeightGradGemm(t: WeightGemmTile & ConvWeightGradTemplate): string {
  const threads = weightGemmThreads(t);
  const [channelStep, columnStep] = [pixelStep(t.tileChannels), pixelStep(t.tileColumns)];
  const across = t.tileColumns / t.threadColumns;
  const down = t.tileChannels / t.threadChannels;
  const together = threads / t.chunk;
  const channelLoads = range(t.tileChannels / 4 / together);
  const columnLoads = range(t.tileColumns / 4 / together);
  const quads = range(t.threadColumns / 4);
  const channelQuads = range(t.threadChannels / 4);
  const cells = quads.flatMap((j) => range(t.threadChannels).map((k) => ({ j, k, name: `${j}_${k}` })));
  const quadOf = (load: number) => `thread / ${t.chunk}u + ${load * together}u`;
  return wgsl`
${weightGradBindings(t, "Element")}

var<workgroup> gs: array<vec4f, ${t.chunk * channelStep}>;
var<workgroup> xs: array<vec4f, ${t.chunk * columnStep}>;

fn store(part: u32, group: u32, k_in_group: u32, column: u32, sum: vec4f) {
  let group_out_channels = p.out_channels / p.groups;
  let columns = p.channels / p.groups * p.kernel_height * p.kernel_width;
  if (k_in_group >= group_out_channels || column >= columns) { return; }
  let channel = part * p.out_channels + group * group_out_channels + k_in_group;
  let at = p.gw_offset + channel * p.gw_channel_stride + column;
  for (var e = 0u; e < min(4u, columns - column); e++) { gw[at + e] = stored_sum(sum[e]); }
}

@compute @workgroup_size(${threads})
fn main(@builtin(workgroup_id) id: vec3u, @builtin(local_invocation_index) thread: u32) {
  let group_channels = p.channels / p.groups;
  let group_out_channels = p.out_channels / p.groups;
  let channel_tiles = (group_out_channels + ${t.tileChannels - 1}u) / ${t.tileChannels}u;
  let group = id.y / channel_tiles;
  let tile_channel = id.y % channel_tiles * ${t.tileChannels}u;
  let tile_column = id.x * ${t.tileColumns}u;
  let taps = p.kernel_height * p.kernel_width;
  let plane = p.height * p.width;
  let out_plane = p.out_height * p.out_width;
  let pixels = p.items * out_plane;
  let part_pixels = (p.items * p.out_height + p.parts - 1u) / p.parts * p.out_width;
  let end = min(pixels, (id.z + 1u) * part_pixels);

  // The quads that this invocation gathers: of output channels, and of columns, where a pixel's window begins at x_at.
  ${channelLoads.map((l) => `let k${l} = tile_channel + (${quadOf(l)}) * 4u + vec4u(0u, 1u, 2u, 3u);`).join("\n  ")}
  ${columnLoads.map((l) => columnCode(t, l, quadOf(l))).join("\n  ")}
  ${cells.map(({ name }) => `var s${name} = vec4f();`).join(" ")}

  for (var first = id.z * part_pixels; first < end; first += ${t.chunk}u) {
    let pixel = first + thread % ${t.chunk}u;
    let n = pixel / out_plane;
    let i = pixel % out_plane;
    let row = i / p.out_width;
    ${windowCode(t)}
    let y_at = p.y_offset + n * p.y_batch_stride + group * group_out_channels * out_plane + i;
    let used = vec4<bool>(pixel < end);
    ${channelLoads.map(gradientLoad).join("\n    ")}
    ${columnLoads.map((l) => inputLoad(t, l)).join("\n    ")}
    workgroupBarrier();
    let slot = thread % ${t.chunk}u;
    ${channelLoads.map((l) => `gs[slot * ${channelStep}u + ${quadOf(l)}] = loaded_gy${l};`).join(" ")}
    ${columnLoads.map((l) => `xs[slot * ${columnStep}u + ${quadOf(l)}] = loaded_x${l};`).join(" ")}
    workgroupBarrier();
    ${cells.map(({ name }) => `var c${name} = vec4f();`).join(" ")}
    for (var m = 0u; m < ${t.chunk}u; m++) {
      ${channelQuads.map((q) => `let g${q} = gs[m * ${channelStep}u + ${q * down}u + thread / ${across}u];`).join(" ")}
      ${quads.map((j) => `let x${j} = xs[m * ${columnStep}u + ${j * across}u + thread % ${across}u];`).join(" ")}
      ${cells.map(({ j, k, name }) => `c${name} += x${j} * g${k >> 2}.${lanes[k & 3]};`).join(" ")}
    }
    ${cells.map(({ name }) => `s${name} += c${name};`).join(" ")}
  }
  let k_at = tile_channel + thread / ${across}u * 4u;
  let column_at = tile_column + thread % ${across}u * 4u;
  ${cells
    .map(({ j, k, name }) => {
      const channel = (k >> 2) * down * 4 + (k & 3);
      return `store(id.z, group, k_at + ${channel}u, column_at + ${j * across * 4}u, s${name});`;
    })
    .join("\n  ")}
}
`;
}

/** No row of an image is this far above its first one. */
const nowhere = "-0x40000000";

/**
 * Before the loop: where four columns' taps lie within a window, and their inputs from its beginning. Sums that wrap around in
 * u32 come out right once all is added.
 */
function columnCode({ volume }: ConvWeightGradTemplate, l: number, quad: string): string {
  const [kernelRow, slice] = volume
    ? [
        `kernel_row${l} % p.slice_kernel_height`,
        `let slice${l} = vec4i(kernel_row${l} / p.slice_kernel_height * p.dilation_depth) - i32(p.pad_front);`,
      ]
    : [`kernel_row${l}`, ""];
  const inputRow = volume ? `(slice${l} * i32(p.slice_height) + tap_row${l})` : `tap_row${l}`;
  return `let column${l} = tile_column + (${quad}) * 4u + vec4u(0u, 1u, 2u, 3u);
  let kernel_row${l} = column${l} % taps / p.kernel_width;
  ${slice}
  let tap_row${l} = vec4i(${kernelRow} * p.dilation_height) - i32(p.pad_top);
  let left${l} = vec4i(column${l} % p.kernel_width * p.dilation_width) - i32(p.pad_left);
  let channel${l} = group * group_channels + column${l} / taps;
  let at${l} = channel${l} * plane + vec4u(${inputRow} * i32(p.width) + left${l});
  let top${l} = select(vec4i(${nowhere}), tap_row${l}, column${l} < vec4u(group_channels * taps));`;
}

/** Where a pixel's window would begin without padding. */
function windowCode({ volume }: ConvWeightGradTemplate): string {
  const place = volume
    ? `let d = row / p.out_slice_height * p.stride_depth;
    let h = row % p.out_slice_height * p.stride_height;`
    : "let h = row * p.stride_height;";
  const inputRow = volume ? "(d * p.slice_height + h)" : "h";
  return `${place}
    let v = i % p.out_width * p.stride_width;
    let x_at = p.x_offset + n * p.x_batch_stride + ${inputRow} * p.width + v;`;
}

function gradientLoad(l: number): string {
  return `let k_used${l} = used & (k${l} < vec4u(group_out_channels));
    let gy_at${l} = select(vec4u(), y_at + k${l} * out_plane, k_used${l});
    let all_gy${l} = vec4f(Element4(gy[gy_at${l}.x], gy[gy_at${l}.y], gy[gy_at${l}.z], gy[gy_at${l}.w]));
    let loaded_gy${l} = select(vec4f(), all_gy${l}, k_used${l});`;
}

/** A place before the first row or column is, as u32, behind the last. */
function inputLoad({ volume }: ConvWeightGradTemplate, l: number): string {
  const exists = [
    "used",
    ...(volume ? [`(vec4u(i32(d) + slice${l}) < vec4u(p.depth))`] : []),
    `(vec4u(i32(h) + top${l}) < vec4u(${volume ? "p.slice_height" : "p.height"}))`,
    `(vec4u(i32(v) + left${l}) < vec4u(p.width))`,
  ];
  return `let exists${l} = ${exists.join(" & ")};
    let x_at${l} = select(vec4u(), x_at + at${l}, exists${l});
    let all_x${l} = vec4f(Element4(x[x_at${l}.x], x[x_at${l}.y], x[x_at${l}.z], x[x_at${l}.w]));
    let loaded_x${l} = select(vec4f(), all_x${l}, exists${l});`;
}
