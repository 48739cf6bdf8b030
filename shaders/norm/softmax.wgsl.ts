// m = max over k of x[..., k, ...], s = sum over k of exp(x[..., k, ...] - m)
// softmax:     y[..., k, ...] = exp(x[..., k, ...] - m) / s
// log-softmax: y[..., k, ...] = x[..., k, ...] - m - log(s)
// x and y of the same shape. One invocation per column, that is all k; it sums long ones in blocks, since thousands of small
// terms added one by one to a large one are rounded the same way each time.
import { columnSpec } from "../wgsl/columns.ts";
import { foldFunction } from "../wgsl/fold.ts";
import { unaryFunction } from "../wgsl/functions.ts";
import { type Storage, storageTypes } from "../wgsl/storage.ts";
import { type StridedTemplate, stridedIndices, stridedWorkgroup } from "../wgsl/strided.ts";
import { structParams, wgsl } from "../wgsl/wgsl.ts";

/** A walk over the columns, one by one. */
export interface SoftmaxTemplate extends StridedTemplate<"x" | "y"> {
  readonly storage: Storage;
  readonly log: boolean;
  /** Whether the columns are longer than a block. */
  readonly long: boolean;
}

export function softmaxShader(t: SoftmaxTemplate): string {
  const term = (row: string, shift: string) => `safe_exp(f32(x[${row} + k * p.x_axis_stride]) - ${shift})`;
  return wgsl`
${storageTypes(t.storage)}
${structParams(columnSpec(t))}
@group(0) @binding(0) var<storage, read> x: array<Element>;
@group(0) @binding(1) var<storage, read_write> y: array<Element>;
@group(0) @binding(2) var<uniform> p: Params;

${unaryFunction({ kind: "exp" }, { name: "safe_exp", width: 1 })}
${unaryFunction({ kind: "log" }, { name: "safe_log", width: 1 })}
${t.long ? foldFunction({ name: "sum", lanes: 1, type: "f32", identity: "0.0", term: term("row", "shift"), combine: "a + b" }) : ""}

@compute @workgroup_size(${stridedWorkgroup})
fn main(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  ${stridedIndices(t)}
  var largest = f32(x[x_at]);
  for (var k = 1u; k < p.axis_size; k++) {
    let v = f32(x[x_at + k * p.x_axis_stride]);
    largest = select(largest, v, v > largest);
  }
  #if ${t.long}
  let total = sum(x_at, p.axis_size, 0u, largest);
  #else
  var total = 0.0;
  for (var k = 0u; k < p.axis_size; k++) {
    total += ${term("x_at", "largest")};
  }
  #endif
  #if ${t.log}
  let log_total = safe_log(total);
  #endif
  for (var k = 0u; k < p.axis_size; k++) {
    let v = f32(x[x_at + k * p.x_axis_stride]) - largest;
    #if ${t.log}
    y[y_at + k * p.y_axis_stride] = stored(v - log_total);
    #else
    y[y_at + k * p.y_axis_stride] = stored(safe_exp(v) / total);
    #endif
  }
}
`;
}
