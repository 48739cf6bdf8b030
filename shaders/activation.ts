// The text of an activation as a WGSL function, for the epilogues of all kernels.
import { float, wgsl } from "./wgsl.ts";

/** Structurally the `Activation` of `src/ops`, which shaders do not import. */
export interface ActivationTemplate {
  readonly kind: "none" | "relu" | "leaky-relu" | "sigmoid";
  readonly slope?: number;
}

/** `fn activate(v: T) -> T`, elementwise, T = `f32` or `vec4f`. */
export function activateFunction(
  activation: ActivationTemplate,
  type: "f32" | "vec4f" = "f32",
  name = "activate",
): string {
  const bits = type === "f32" ? "u32" : "vec4u";
  return wgsl`
fn ${name}(v: ${type}) -> ${type} {
  #if ${activation.kind === "relu"}
  return select(v, ${type}(0.0), v < ${type}(0.0)); // keeps NaN, as PyTorch does
  #elif ${activation.kind === "leaky-relu"}
  return select(v * ${float(activation.slope ?? 0.01)}, v, v >= ${type}(0.0));
  #elif ${activation.kind === "sigmoid"}
  let e = exp(-abs(v)); // never overflows
  let y = select(${type}(1.0), e, v < ${type}(0.0)) / (1.0 + e);
  return select(y, v, (bitcast<${bits}>(v) & ${bits}(0x7fffffff)) > ${bits}(0x7f800000)); // some drivers' exp loses NaN
  #else
  return v;
  #endif
}`;
}
