// The text of every elementwise function of one number, in one place: operators of their own and epilogues share it.
import type { Width } from "./strided.ts";
import { float } from "./wgsl.ts";

/** A function of one number. Attributes are constants of the shader. */
export type UnaryFunction =
  | { readonly kind: Plain }
  | { readonly kind: "leaky-relu"; readonly slope: number }
  | { readonly kind: "elu"; readonly alpha: number }
  | { readonly kind: "hard-sigmoid"; readonly alpha: number; readonly beta: number }
  | { readonly kind: "clip"; readonly min: number; readonly max: number };

type Plain =
  | ("none" | "relu" | "sigmoid" | "silu" | "hard-swish" | "gelu" | "gelu-tanh" | "tanh" | "softplus")
  | ("exp" | "log" | "sqrt" | "abs" | "neg" | "reciprocal" | "floor" | "ceil" | "round" | "erf" | "sign");

/** Whether a value is NaN, by its bits: WGSL lets a compiler assume that no float is. */
export function nanTest(name: string): string {
  return `((bitcast<U>(${name}) & U(0x7fffffffu)) > U(0x7f800000u))`;
}

/** Some drivers' exp and log turn NaN into a number, and so do min, max and clamp. */
const keepNaN = (value: string) => `return select(${value}, v, ${nanTest("v")});`;

/** A value where a condition holds; these bits of v's own make infinity or NaN, which WGSL cannot write. */
const withBits = (bits: string) => `bitcast<T>(bitcast<U>(v) | U(${bits}))`;
const nan = withBits("0x7fc00000u");

/** Bodies of functions of \`v\`: T stands for f32 or vec4f, U for u32 or vec4u, \`name_of\` for another of these. */
const bodies: { readonly [K in UnaryFunction["kind"]]: (f: Extract<UnaryFunction, { readonly kind: K }>) => string } & {
  readonly [K in Plain]: (f: { readonly kind: Plain }) => string;
} = {
  none: () => "return v;",
  relu: () => "return select(v, T(0.0), v < T(0.0));",
  "leaky-relu": ({ slope }) => `return select(v * ${float(slope)}, v, v >= T(0.0));`,
  sigmoid: () => `let e = exp(-abs(v)); // never overflows
  ${keepNaN("select(T(1.0), e, v < T(0.0)) / (1.0 + e)")}`,
  silu: () => "return v * sigmoid_of(v);",
  elu: ({ alpha }) => `let e = exp(v);
  ${keepNaN(`select(${float(alpha)} * (e - 1.0), v, v > T(0.0))`)}`,
  "hard-sigmoid": ({ alpha, beta }) =>
    `let y = v * ${float(alpha)} + ${float(beta)};
  return select(select(y, T(0.0), y < T(0.0)), T(1.0), y > T(1.0));`,
  "hard-swish": () => `let y = v + 3.0;
  return v * select(select(y, T(0.0), y < T(0.0)), T(6.0), y > T(6.0)) / 6.0;`,
  gelu: () => `return 0.5 * v * (1.0 + erf_of(v * ${float(Math.SQRT1_2)}));`,
  "gelu-tanh": () => `return 0.5 * v * (1.0 + tanh_of(${float(Math.sqrt(2 / Math.PI))} * (v + 0.044715 * v * v * v)));`,
  clip: ({ min, max }) => `var y = v;
  ${Number.isFinite(min) ? `y = select(y, T(${float(min)}), y < T(${float(min)}));` : ""}
  ${Number.isFinite(max) ? `y = select(y, T(${float(max)}), y > T(${float(max)}));` : ""}
  return y;`,
  softplus: () => "return select(v, T(0.0), v < T(0.0)) + log_of(1.0 + exp_of(-abs(v)));",
  // WGSL's own is good to 1e-5 only. Polynomial near 0: S. Moshier, Cephes, tanhf.c.
  tanh: () => `let z = v * v;
  let p = (((-5.70498872745e-3 * z + 2.06390887954e-2) * z - 5.37397155531e-2) * z + 1.33314422036e-1) * z - 3.33332819422e-1;
  let e = exp(-2.0 * abs(v));
  let far = select(T(1.0), T(-1.0), v < T(0.0)) * (1.0 - e) / (1.0 + e);
  ${keepNaN("select(far, v + v * z * p, abs(v) < T(0.625))")}`,
  // A rational function on [-4, 4], beyond which erf is 1 in f32. Coefficients: Eigen, MathFunctionsImpl.h, perf.
  erf: () => `let w = clamp(v, T(-4.0), T(4.0));
  let z = w * w;
  let p = (((((-2.72614225801306e-10 * z + 2.77068142495902e-8) * z - 2.10102402082508e-6) * z - 5.69250639462346e-5) * z
    - 7.34990630326855e-4) * z - 2.95459980854025e-3) * z - 1.60960333262415e-2;
  let q = (((-1.45660718464996e-5 * z - 2.13374055278905e-4) * z - 1.68282697438203e-3) * z - 7.37332916720468e-3) * z
    - 1.42647390514189e-2;
  ${keepNaN("w * p / q")}`,
  exp: () => keepNaN("exp(v)"),
  log: () => `let y = select(log(v), ${withBits("0xff800000u")}, v == T(0.0));
  return select(y, ${nan}, (v < T(0.0)) | ${nanTest("v")});`,
  sqrt: () => `return select(sqrt(v), ${nan}, (v < T(0.0)) | ${nanTest("v")});`,
  abs: () => "return abs(v);",
  neg: () => "return -v;",
  reciprocal: () => "return 1.0 / v;",
  floor: () => "return floor(v);",
  ceil: () => "return ceil(v);",
  round: () => "return round(v);",
  sign: () => "return select(select(T(0.0), T(1.0), v > T(0.0)), T(-1.0), v < T(0.0));",
};

/** A function whose text fits any width. */
export interface FunctionText {
  /** What T stands for, in vectors where the kernel has them; F, I and U stand for f32, i32 and u32 in the same way. */
  readonly register: "f32" | "i32" | "u32";
  /** `name: type`. */
  readonly parameters: readonly string[];
  readonly result: "T" | "F" | "I" | "U";
  readonly body: string;
}

export function unaryText(f: UnaryFunction): FunctionText {
  const body = (bodies[f.kind] as (f: UnaryFunction) => string)(f);
  return { register: "f32", parameters: ["v: T"], result: "T", body };
}

/** `fn name(v: T) -> T`, T = f32, or vec4f for four elements. */
export function unaryFunction(f: UnaryFunction, { name, width }: { name: string; width: Width }): string {
  return wgslFunction({ ...unaryText(f), name, width });
}

/** The function, after those that it calls. */
export function wgslFunction(t: FunctionText & { readonly name: string; readonly width: Width }): string {
  const wide = (scalar: string) => (t.width === 4 ? `vec4<${scalar}>` : scalar);
  const called = new Set([...t.body.matchAll(/\b(\w+)_of\(/g)].map((match) => match[1]!));
  const before = [...called].map((kind) =>
    unaryFunction({ kind: kind as Plain }, { name: `${t.name}_${kind}`, width: t.width }),
  );
  const own = `fn ${t.name}(${t.parameters.join(", ")}) -> ${t.result} {\n  ${t.body}\n}`
    .replaceAll(/\b[TFIU]\b/g, (letter) => wide({ T: t.register, F: "f32", I: "i32", U: "u32" }[letter] ?? letter))
    .replaceAll(/\b(\w+)_of\(/g, `${t.name}_$1(`);
  return [...before, own].join("\n");
}
