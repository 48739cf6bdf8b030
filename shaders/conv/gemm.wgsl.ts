// The convolution of direct.wgsl.ts, transposed or not, as a matrix product that is never
// laid out in memory: rows are output pixels, columns output channels, and the sum runs over taps and input channels.
// x [N, C, H, W]; w packed [G, C/G, R, S, Kp]; bias [K]; residual and y [N, K, P, Q]. Images and volumes differ in where a
// pixel and a tap lead to: conv-gemm-places.
// One workgroup per tile of `tilePixels` pixels and `tileChannels` channels: it gathers a chunk of inputs and weights into
// workgroup memory while it multiplies the one before; each invocation keeps `threadPixels` x `threadChannels` sums.
// x over pixel tiles, y over channel tiles of all groups, z over n, for transposed convolutions over n * phases + phase.
import { activateFunction } from "../wgsl/activation.ts";
import { type ConvEpilogueTemplate, convBindings, residualArray } from "../wgsl/conv-bindings.ts";
import { type GemmPlaces, gemmPlaces } from "../wgsl/conv-gemm-places.ts";
import { range } from "../wgsl/conv-taps.ts";
import { wgsl } from "../wgsl/wgsl.ts";

export interface GemmTile {
  readonly tilePixels: number;
  readonly tileChannels: number;
  /** Multiples of 4. */
  readonly threadPixels: number;
  readonly threadChannels: number;
  /** Terms of the sum per chunk. */
  readonly chunk: number;
}

export interface ConvGemmTemplate extends GemmTile, ConvEpilogueTemplate {
  readonly transposed: boolean;
  /** A chunk runs over channels and taps together, for few channels; else over the channels of one tap. */
  readonly flatten: boolean;
  /** Four pixels are one aligned vec4 of y and residual. */
  readonly aligned: boolean;
}

export function gemmThreads(t: GemmTile): number {
  return (t.tilePixels / t.threadPixels) * (t.tileChannels / t.threadChannels);
}

export function gemmWorkgroupBytes(t: GemmTile): number {
  return (t.tilePixels + t.tileChannels) * t.chunk * 4;
}

const lanes = ["x", "y", "z", "w"];

export function convGemm(t: ConvGemmTemplate): string {
  const threads = gemmThreads(t);
  const [pixelQuads, channelQuads] = [t.tilePixels / 4, t.tileChannels / 4];
  const across = t.tilePixels / t.threadPixels;
  const down = t.tileChannels / t.threadChannels;
  const pixelLoads = range(Math.ceil((t.chunk * pixelQuads) / threads));
  const channelLoads = range(Math.ceil((t.chunk * channelQuads) / threads));
  const quads = range(t.threadPixels / 4);
  const channels = range(t.threadChannels);
  const sums = quads.flatMap((j) => channels.map((c) => `s${j}_${c}`));
  const type = t.aligned ? "vec4f" : "f32";
  const places = gemmPlaces(t);
  return wgsl`
${convBindings(t, { w: "Element4", y: t.aligned ? "Element4" : "Element" })}
${activateFunction(t.activation, type)}

var<workgroup> xs: array<vec4f, ${t.chunk * pixelQuads}>;
var<workgroup> ws: array<vec4f, ${t.chunk * channelQuads}>;

${storeFunction(t, places)}

@compute @workgroup_size(${threads})
fn main(@builtin(workgroup_id) id: vec3u, @builtin(local_invocation_index) thread: u32) {
  let group_channels = p.channels / p.groups;
  let group_out_channels = p.out_channels / p.groups;
  let channel_tiles = (group_out_channels + ${t.tileChannels - 1}u) / ${t.tileChannels}u;
  let group = id.y / channel_tiles;
  let tile_channel = id.y % channel_tiles * ${t.tileChannels}u;
  let k_quads = (group_out_channels + 3u) / 4u;
  ${places.phase}
  let taps = ${t.volume ? "taps_depth * " : ""}taps_height * taps_width;
  let plane = p.height * p.width;
  let x_group = p.x_offset + n * p.x_batch_stride + group * group_channels * plane;

  // The four pixels that this invocation gathers, and their top left inputs.
  let gathered = id.x * ${t.tilePixels}u + thread % ${pixelQuads}u * 4u;
  let pixels = vec4u(gathered, gathered + 1u, gathered + 2u, gathered + 3u);
  let inside = pixels < vec4u(columns * rows);
  ${places.firstRow}
  let first_column = vec4i(pixels % columns) * column_step + column_base;
  ${sums.map((sum) => `var ${sum} = vec4f();`).join(" ")}

  ${t.flatten ? "let length = taps * group_channels; let chunks = (length" : "let chunks_per_tap = (group_channels"} + ${t.chunk - 1}u) / ${t.chunk}u;
  ${t.flatten ? "" : "let chunks = taps * chunks_per_tap;"}
  for (var i = 0u; i < chunks; i++) {
    #if ${!t.flatten}
    let tap = i / chunks_per_tap;
    let chunk_channel = i % chunks_per_tap * ${t.chunk}u;
    ${tapCode(places)}
    #endif
    workgroupBarrier();
    ${pixelLoads.map((l) => pixelLoad(t, places, l)).join("\n    ")}
    ${channelLoads.map((l) => channelLoad(t, places, l)).join("\n    ")}
    workgroupBarrier();
    for (var k = 0u; k < ${t.chunk}u; k++) {
      ${quads.map((j) => `let x${j} = xs[k * ${pixelQuads}u + ${j * across}u + thread % ${across}u];`).join(" ")}
      ${range(t.threadChannels / 4)
        .map((q) => `let w${q} = ws[k * ${channelQuads}u + ${q * down}u + thread / ${across}u];`)
        .join(" ")}
      ${quads.flatMap((j) => channels.map((c) => `s${j}_${c} += x${j} * w${c >> 2}.${lanes[c & 3]};`)).join(" ")}
    }
  }
  let k0 = tile_channel + thread / ${across}u * 4u;
  let m0 = id.x * ${t.tilePixels}u + thread % ${across}u * 4u;
  ${quads
    .flatMap((j) =>
      channels.map((c) => {
        const k = `k0 + ${(c >> 2) * down * 4 + (c & 3)}u`;
        return `store(n, group, ${k}, m0 + ${j * across * 4}u, columns, rows, phase, s${j}_${c});`;
      }),
    )
    .join("\n  ")}
}
`;
}

/** From `tap` to the four inputs it reads, whether they exist, and the tap's place in the packed weights. */
function tapCode({ tap, inputs, weight }: GemmPlaces): string {
  return `${tap}
    ${inputs}
    ${weight}`;
}

function pixelLoad(t: ConvGemmTemplate, places: GemmPlaces, l: number): string {
  const threads = gemmThreads(t);
  const quads = t.tilePixels / 4;
  const e = `thread + ${l * threads}u`;
  const term = `(${e}) / ${quads}u`;
  const guard = (t.chunk * quads) % threads === 0 ? "" : `if (${e} < ${t.chunk * quads}u)`;
  const gather = `let x_at = x_group + c * plane;
      let loaded = vec4f(Element4(x[x_at + at.x], x[x_at + at.y], x[x_at + at.z], x[x_at + at.w]));`;
  if (!t.flatten) {
    return `${guard}{ let c = chunk_channel + ${term};
      if (c < group_channels) { ${gather} xs[${e}] = select(vec4f(), loaded, exists); } else { xs[${e}] = vec4f(); } }`;
  }
  return `${guard}{ let term = i * ${t.chunk}u + ${term}; let c = term / taps; let tap = term % taps;
      ${tapCode(places)}
      if (term < length) { ${gather} xs[${e}] = select(vec4f(), loaded, exists); } else { xs[${e}] = vec4f(); } }`;
}

function channelLoad(t: ConvGemmTemplate, places: GemmPlaces, l: number): string {
  const threads = gemmThreads(t);
  const quads = t.tileChannels / 4;
  const e = `thread + ${l * threads}u`;
  const guard = (t.chunk * quads) % threads === 0 ? "" : `if (${e} < ${t.chunk * quads}u)`;
  const row = `(group * group_channels + c) * (p.kernel_height * p.kernel_width) + w_tap`;
  const place = t.flatten
    ? `let term = i * ${t.chunk}u + (${e}) / ${quads}u; let c = term / taps; let tap = term % taps;
      ${places.tap}
      ${places.weight}
      let used = term < length;`
    : `let c = chunk_channel + (${e}) / ${quads}u; let used = c < group_channels;`;
  return `${guard}{ ${place}
      let k = tile_channel / 4u + (${e}) % ${quads}u;
      var value = vec4f();
      if (used && k < k_quads) { value = vec4f(w[(${row}) * k_quads + k]); }
      ws[${e}] = value; }`;
}

/** Writes four neighbouring pixels, flat index \`m\` of the phase, of channel \`k\` of a group. */
function storeFunction(t: ConvGemmTemplate, places: GemmPlaces): string {
  const type = t.aligned ? "vec4f" : "f32";
  const residual = t.residual ? `value += ${type}(${residualArray(t)}[` : "";
  const head = `fn store(n: u32, group: u32, k_in_group: u32, m: u32, columns: u32, rows: u32, phase: ${places.phaseType}, sum: vec4f) {
  let group_out_channels = p.out_channels / p.groups;
  if (k_in_group >= group_out_channels || m >= columns * rows) { return; }
  let k = group * group_out_channels + k_in_group;
  let plane = p.out_height * p.out_width;`;
  if (t.aligned) {
    return `${head}
  let element = k * plane + m;
  var value = sum;
  ${t.bias ? "value += bias[k];" : ""}
  ${t.residual ? `${residual}(p.residual_offset + n * p.residual_batch_stride + element) / 4u]);` : ""}
  y[(p.y_offset + n * p.y_batch_stride + element) / 4u] = stored4(activate(value));
}`;
  }
  return `${head}
  for (var e = 0u; e < min(4u, columns * rows - m); e++) {
    ${places.output}
    var value = sum[e];
    ${t.bias ? "value += bias[k];" : ""}
    ${t.residual ? `${residual}p.residual_offset + n * p.residual_batch_stride + element]);` : ""}
    y[p.y_offset + n * p.y_batch_stride + element] = stored(activate(value));
  }
}`;
}
