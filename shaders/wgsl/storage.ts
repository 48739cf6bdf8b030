// How floats lie in buffers. Kernels compute in f32 whatever it is: they load `f32(x[i])` or `vec4f(x[i])`, and store
// `stored(v)` or `stored4(v)`.

/** The type of the floats in a kernel's tensors; a bias and the parameters of a normalization are f32 always. */
export type Storage = "f32" | "f16";

/** Declares `Element`, `Element4`, `stored` and `stored4`. It enables f16, so it stands first in a shader. */
export function storageTypes(storage: Storage): string {
  if (storage === "f32") {
    return `alias Element = f32;
alias Element4 = vec4f;
fn stored(v: f32) -> Element { return v; }
fn stored4(v: vec4f) -> Element4 { return v; }`;
  }
  return `enable f16;
alias Element = f16;
alias Element4 = vec4<f16>;
// Saturates: beyond 65504 f16 has only infinity. NaN stays NaN.
fn stored(v: f32) -> Element { return f16(select(v, sign(v) * 65504.0, abs(v) > 65504.0)); }
fn stored4(v: vec4f) -> Element4 { return Element4(select(v, sign(v) * 65504.0, abs(v) > vec4f(65504.0))); }`;
}

/** What kernels that only move elements see: 32 bits of whatever meaning, or 16. */
export type Word = "u32" | "f16";

export type Scalar = Word | "f32" | "i32";

/** Stands first in a shader. */
export function enableWord(word: Word): string {
  return word === "f16" ? "enable f16;" : "";
}
