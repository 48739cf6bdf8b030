// Activations that kernels apply to a value in a register; the operators of the same names use them too.
export type { Activation } from "../../../shaders/wgsl/functions.ts";
