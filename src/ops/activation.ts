// Activations that kernels apply to a value in a register; the operators of the same names use them too.

export type Activation =
  | { readonly kind: "none" }
  | { readonly kind: "relu" }
  | { readonly kind: "leaky-relu"; readonly slope: number }
  | { readonly kind: "sigmoid" };
