// What kernels of losses share: one invocation per pixel of labels [N, ...], a walk over the channels of x [N, C, ...] within it.
// Where the label is ignored the results are 0, where it is unknown NaN.
import { type LabelForm, labelFunctions, labelSpec } from "./labels.ts";
import { type Storage, storageTypes } from "./storage.ts";
import { type StridedTemplate, stridedIndices, stridedSpec, stridedWorkgroup } from "./strided.ts";
import { numbered, type ParamSpec, structParams, wgsl } from "./wgsl.ts";

/** A walk over [N, pixels]; array `w` is an item's place in weights [N, C]. */
export interface PixelTemplate extends StridedTemplate {
  readonly storage: Storage;
  readonly labels: LabelForm;
  readonly weights: boolean;
}

/** A kernel over pixels, in WGSL. */
export interface PixelKernel {
  /** Parameters beside those of the walk and of labels. */
  readonly spec: ParamSpec;
  /** Arrays that are bound before labels and weights, e.g. `x: array<Element>`. */
  readonly reads: readonly string[];
  readonly writes: string;
  readonly functions: string;
  /** Statements that know `label` and the place of each array, e.g. `x_at`. */
  readonly main: string;
}

export function pixelSpec(t: StridedTemplate, own: ParamSpec): ParamSpec {
  return { ...stridedSpec(t), ...labelSpec, ...own };
}

export function pixelShader(t: PixelTemplate, { spec, reads, writes, functions, main }: PixelKernel): string {
  const read = [...reads, "labels: array<u32>", ...(t.weights ? ["weights: array<f32>"] : [])];
  const bindings = [
    ...read.map((array) => `var<storage, read> ${array};`),
    `var<storage, read_write> ${writes};`,
    "var<uniform> p: Params;",
  ];
  return wgsl`
${storageTypes(t.storage)}
${structParams(pixelSpec(t, spec))}
${numbered(bindings)}
${labelFunctions(t.labels)}
${functions}

@compute @workgroup_size(${stridedWorkgroup})
fn main(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  ${stridedIndices(t)}
  let label = labels[labels_at];
  ${main}
}
`;
}

/** A number of each pixel, of labels that are known and not ignored: `statements`, then the expression `value`. */
export interface PixelValue {
  readonly statements?: string;
  readonly value: string;
}

/** What tells one loss of pixels from another. Its WGSL may use `logit(x_at, k)`, and `label` where it is known and not ignored. */
export interface PixelLoss {
  readonly spec: ParamSpec;
  /** The parameter that says how many channels x has. */
  readonly channels: "classes" | "channels";
  readonly functions: string;
  readonly loss: PixelValue;
  /** d(loss)/dx: `before` the walk over channels; then of channel k, whose logit is `v`. */
  readonly slope: PixelValue & { readonly before?: string };
}

/** y[n, i], from labels[n, i] and what else is read. */
export function pixelValueKernel(
  { statements = "", value }: PixelValue,
  rest: Pick<PixelKernel, "spec" | "reads" | "functions">,
): PixelKernel {
  const main = `
  if (is_ignored(label)) { y[y_at] = 0.0; return; }
  if (!is_known(label)) { y[y_at] = not_a_number(label); return; }
  ${statements}
  y[y_at] = ${value};`;
  return { ...rest, writes: "y: array<f32>", main };
}

const logit = "fn logit(x_at: u32, k: u32) -> f32 { return f32(x[x_at + k * p.class_stride]); }";

/** y[n, i] = the loss of pixel i. x [N, C, ...]; labels and y [N, ...]; weights [N, C]. */
export function pixelLossKernel({ spec, functions, loss }: PixelLoss): PixelKernel {
  return pixelValueKernel(loss, { spec, reads: ["x: array<Element>"], functions: `${logit}\n${functions}` });
}

/** gx[n, k, i] = g[n, i] * d(loss of pixel i)/dx[n, k, i]. g and labels [N, ...]; x and gx [N, C, ...]; weights [N, C]. */
export function pixelLossGradientKernel({ spec, channels, functions, slope }: PixelLoss): PixelKernel {
  const walk = `for (var k = 0u; k < p.${channels}; k++)`;
  const fill = `
fn fill(gx_at: u32, value: f32) {
  ${walk} { gx[gx_at + k * p.class_stride] = stored(value); }
}`;
  const main = `
  if (is_ignored(label)) { fill(gx_at, 0.0); return; }
  if (!is_known(label)) { fill(gx_at, not_a_number(label)); return; }
  ${slope.before ?? ""}
  ${walk} {
    let v = logit(x_at, k);
    ${slope.statements ?? ""}
    gx[gx_at + k * p.class_stride] = stored(${slope.value});
  }`;
  return {
    spec,
    reads: ["g: array<f32>", "x: array<Element>"],
    writes: "gx: array<Element>",
    functions: `${logit}\n${functions}${fill}`,
    main,
  };
}
