// The activation that the epilogues of all kernels apply.
import { type Activation, unaryFunction } from "./functions.ts";

/** `fn activate(v: T) -> T`, elementwise, T = `f32` or `vec4f`. */
export function activateFunction(activation: Activation, type: "f32" | "vec4f" = "f32", name = "activate"): string {
  return unaryFunction(activation, { name, width: type === "f32" ? 1 : 4 });
}
