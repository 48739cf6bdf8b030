// Activations that kernels apply to a value in a register; the operators of the same names use them too.
import type { UnaryFunction } from "../../../shaders/wgsl/functions.ts";

export type Activation = UnaryFunction;
