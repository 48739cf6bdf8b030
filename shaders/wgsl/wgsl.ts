// The one door to wgsl-preprocessor. It accepts mistakes silently (`undefined` becomes text, `1.0` becomes `1`);
// this wrapper makes them throw, and adds the declaration of a kernel's uniform parameters.
import { wgsl as preprocess } from "wgsl-preprocessor/wgsl-preprocessor.js";

export type WgslValue = string | number | boolean;

/**
 * Template tag for WGSL with `#if ${condition} ... #elif ${condition} ... #else ... #endif`.
 * Numbers must be integers: write a float literal with {@link float}.
 * Throws TypeError for undefined, non-integers and anything else that would silently become wrong text.
 */
export function wgsl(strings: TemplateStringsArray, ...values: readonly WgslValue[]): string {
  values.forEach((value, i) => {
    const fits = typeof value === "string" || typeof value === "boolean" || Number.isInteger(value);
    if (!fits)
      throw new TypeError(
        `wgsl: value ${i} is ${String(value)} after "${strings[i]?.slice(-40)}"; expected text, boolean or integer`,
      );
  });
  return preprocess(strings, ...values);
}

/** A WGSL f32 literal: `float(1)` is `1.0`. Throws TypeError for NaN and infinities, which WGSL cannot write. */
export function float(value: number): string {
  if (!Number.isFinite(value)) throw new TypeError(`wgsl: ${value} has no literal in WGSL`);
  const text = String(Math.fround(value));
  return /[.e]/.test(text) ? text : `${text}.0`;
}

export type ParamType = "u32" | "i32" | "f32";

/** Names and types of a kernel's uniform parameters, in order of declaration. */
export type ParamSpec = Readonly<Record<string, ParamType>>;

/** `struct Params { ... }` for a specification; pair it with `@group(0) @binding(n) var<uniform> p: Params;`. */
export function structParams(spec: ParamSpec): string {
  const fields = Object.entries(spec).map(([name, type]) => `  ${name}: ${type},`);
  return `struct Params {\n${fields.join("\n")}\n}`;
}

/** Declarations such as `var<storage, read> x: array<f32>;`, numbered as bindings of group 0 in their order. */
export function numbered(declarations: readonly string[]): string {
  return declarations.map((declaration, i) => `@group(0) @binding(${i}) ${declaration}`).join("\n");
}
