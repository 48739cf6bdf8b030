// y = x * p.scale where the element's random word is at least p.threshold, 0 elsewhere.
// x and y as strided arrays; draw [2]: seed and step. The word is that of (seed, step) and (place, p.layer), where the place is
// the element's index in row-major order divided by p.span: elements of a channel share one where the span is a plane's.
// One invocation per element of y, or per four neighbours.
import { type Storage, storageTypes } from "../wgsl/storage.ts";
import {
  elementType,
  loadedAs,
  type StridedTemplate,
  storedAs,
  stridedIndices,
  stridedSpec,
  stridedWorkgroup,
  vectorType,
} from "../wgsl/strided.ts";
import { threefryFunction } from "../wgsl/threefry.ts";
import { structParams, wgsl } from "../wgsl/wgsl.ts";

export interface DropoutTemplate extends StridedTemplate<"x" | "y"> {
  readonly storage: Storage;
}

/** `span` elements follow one word; `layer` is the second word of the counter. */
export function dropoutSpec(t: StridedTemplate) {
  return { ...stridedSpec(t), span: "u32", layer: "u32", threshold: "u32", scale: "f32" } as const;
}

export function dropoutShader(t: DropoutTemplate): string {
  const [element, float, words] = [elementType(t.width), loadedAs(t.width), vectorType("u32", t.width)];
  const index = t.width === 4 ? "(4u * i + vec4u(0u, 1u, 2u, 3u))" : "i";
  return wgsl`${storageTypes(t.storage)}
${structParams(dropoutSpec(t))}
@group(0) @binding(0) var<storage, read> x: array<${element}>;
@group(0) @binding(1) var<storage, read> draw: array<u32>;
@group(0) @binding(2) var<storage, read_write> y: array<${element}>;
@group(0) @binding(3) var<uniform> p: Params;
${threefryFunction(t.width)}

@compute @workgroup_size(${stridedWorkgroup})
fn main(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  ${stridedIndices(t)}
  let word = threefry(vec2u(draw[0], draw[1]), ${index} / p.span, p.layer);
  let kept = word >= ${words}(p.threshold);
  y[y_at] = ${storedAs(t.width)}(select(${float}(), ${float}(x[x_at]) * p.scale, kept));
}
`;
}
