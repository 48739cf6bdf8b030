// Every elementwise function of one number, in one place: its text, its derivative, and whether the epilogue of a kernel may
// compute it. Operators of their own and epilogues share it.
import type { Width } from "./strided.ts";
import { float } from "./wgsl.ts";

/**
 * gx = gy * f'(x). Where f has a corner or a jump, it is PyTorch's subgradient. Undefined where it is 0 wherever there is one.
 */
interface Derivative {
  /** What it is computed from: the function's argument, its result, which often is kept anyway, or neither. */
  readonly of: "x" | "y" | "neither";
  /** Statements before it. */
  readonly given?: string;
  /** An expression of `g` = gy, and `v`: x or y. T stands for f32 or vec4f, `name_of` for another of the functions. */
  readonly gradient: string;
}

/** The body of a function of `v`: T stands for f32 or vec4f, U for u32 or vec4u, `name_of` for another of these. */
interface Rule {
  readonly body: string;
  readonly derivative: Derivative | undefined;
}

const rule = (body: string, derivative: Derivative | undefined): Rule => ({ body, derivative });
const ofX = (gradient: string, given?: string): Derivative => ({ of: "x", gradient, ...(given && { given }) });
const ofY = (gradient: string): Derivative => ({ of: "y", gradient });
const ofNeither = (gradient: string): Derivative => ({ of: "neither", gradient });

/** Whether a value is NaN, by its bits: WGSL lets a compiler assume that no float is. */
export function nanTest(name: string): string {
  return `((bitcast<U>(${name}) & U(0x7fffffffu)) > U(0x7f800000u))`;
}

/** Some drivers' exp and log turn NaN into a number, and so do min, max and clamp. */
const keepNaN = (value: string) => `return select(${value}, v, ${nanTest("v")});`;

/** A value where a condition holds; these bits of v's own make infinity or NaN, which WGSL cannot write. */
const withBits = (bits: string) => `bitcast<T>(bitcast<U>(v) | U(${bits}))`;
const nan = withBits("0x7fc00000u");

const normalDensity = `${float(1 / Math.sqrt(2 * Math.PI))} * exp_of(-0.5 * v * v)`;
const tanhFactor = Math.sqrt(2 / Math.PI);

/** Those that an epilogue may compute. A function's attributes are constants of the shader. */
const activations = {
  none: () => rule("return v;", ofNeither("g")),
  relu: () => rule("return select(v, T(0.0), v < T(0.0));", ofY("select(g, T(0.0), v <= T(0.0))")),
  "leaky-relu": ({ slope }: { readonly slope: number }) => {
    const gradient = `select(g * ${float(slope)}, g, v > T(0.0))`;
    // Where the slope is negative, y is above 0 on both sides.
    return rule(`return select(v * ${float(slope)}, v, v >= T(0.0));`, slope >= 0 ? ofY(gradient) : ofX(gradient));
  },
  sigmoid: () =>
    rule(
      `let e = exp(-abs(v)); // never overflows
  ${keepNaN("select(T(1.0), e, v < T(0.0)) / (1.0 + e)")}`,
      ofY("g * v * (1.0 - v)"),
    ),
  silu: () => rule("return v * sigmoid_of(v);", ofX("g * s * (1.0 + v * (1.0 - s))", "let s = sigmoid_of(v);")),
  elu: ({ alpha }: { readonly alpha: number }) =>
    rule(
      `let e = exp(v);
  ${keepNaN(`select(${float(alpha)} * (e - 1.0), v, v > T(0.0))`)}`,
      alpha >= 0
        ? ofY(`select(g, g * (v + ${float(alpha)}), v <= T(0.0))`)
        : ofX(`select(g, g * ${float(alpha)} * exp_of(v), v <= T(0.0))`),
    ),
  "hard-sigmoid": ({ alpha, beta }: { readonly alpha: number; readonly beta: number }) =>
    rule(
      `let y = v * ${float(alpha)} + ${float(beta)};
  return select(select(y, T(0.0), y < T(0.0)), T(1.0), y > T(1.0));`,
      ofY(`select(T(0.0), g * ${float(alpha)}, (v > T(0.0)) & (v < T(1.0)))`),
    ),
  "hard-swish": () =>
    rule(
      `let y = v + 3.0;
  return v * select(select(y, T(0.0), y < T(0.0)), T(6.0), y > T(6.0)) / 6.0;`,
      ofX("select(select(g * (v / 3.0 + 0.5), g, v >= T(3.0)), T(0.0), v <= T(-3.0))"),
    ),
  gelu: () =>
    rule(
      `return 0.5 * v * (1.0 + erf_of(v * ${float(Math.SQRT1_2)}));`,
      ofX(`g * (0.5 * (1.0 + erf_of(v * ${float(Math.SQRT1_2)})) + v * ${normalDensity})`),
    ),
  "gelu-tanh": () =>
    rule(
      `return 0.5 * v * (1.0 + tanh_of(${float(tanhFactor)} * (v + 0.044715 * v * v * v)));`,
      // 0.5 * (1 + tanh(u)) is sigmoid(2u), which stays exact far below 0. Beyond 10, s is 0 or 1, and the square would overflow.
      ofX(
        `g * s * (1.0 + w * (1.0 - s) * ${float(2 * tanhFactor)} * (1.0 + 0.134145 * w * w))`,
        `let w = select(v, sign(v) * 10.0, abs(v) > T(10.0));
  let s = sigmoid_of(${float(2 * tanhFactor)} * (w + 0.044715 * w * w * w));`,
      ),
    ),
  clip: ({ min, max }: { readonly min: number; readonly max: number }) => {
    const [low, high] = [Number.isFinite(min), Number.isFinite(max)];
    const inside = [...(low ? [`(v >= T(${float(min)}))`] : []), ...(high ? [`(v <= T(${float(max)}))`] : [])];
    return rule(
      `var y = v;
  ${low ? `y = select(y, T(${float(min)}), y < T(${float(min)}));` : ""}
  ${high ? `y = select(y, T(${float(max)}), y > T(${float(max)}));` : ""}
  return y;`,
      inside.length > 0 ? ofX(`select(T(0.0), g, ${inside.join(" & ")})`) : ofNeither("g"),
    );
  },
  // WGSL's own is good to 1e-5 only. Polynomial near 0: S. Moshier, Cephes, tanhf.c.
  tanh: () =>
    rule(
      `let z = v * v;
  let p = (((-5.70498872745e-3 * z + 2.06390887954e-2) * z - 5.37397155531e-2) * z + 1.33314422036e-1) * z - 3.33332819422e-1;
  let e = exp(-2.0 * abs(v));
  let far = select(T(1.0), T(-1.0), v < T(0.0)) * (1.0 - e) / (1.0 + e);
  ${keepNaN("select(far, v + v * z * p, abs(v) < T(0.625))")}`,
      ofY("g * (1.0 - v * v)"),
    ),
};

const functions = {
  ...activations,
  softplus: () =>
    rule("return select(v, T(0.0), v < T(0.0)) + log_of(1.0 + exp_of(-abs(v)));", ofX("g * sigmoid_of(v)")),
  // A rational function on [-4, 4], beyond which erf is 1 in f32. Coefficients: Eigen, MathFunctionsImpl.h, perf.
  erf: () =>
    rule(
      `let w = clamp(v, T(-4.0), T(4.0));
  let z = w * w;
  let p = (((((-2.72614225801306e-10 * z + 2.77068142495902e-8) * z - 2.10102402082508e-6) * z - 5.69250639462346e-5) * z
    - 7.34990630326855e-4) * z - 2.95459980854025e-3) * z - 1.60960333262415e-2;
  let q = (((-1.45660718464996e-5 * z - 2.13374055278905e-4) * z - 1.68282697438203e-3) * z - 7.37332916720468e-3) * z
    - 1.42647390514189e-2;
  ${keepNaN("w * p / q")}`,
      ofX(`g * ${float(2 / Math.sqrt(Math.PI))} * exp_of(-v * v)`),
    ),
  exp: () => rule(keepNaN("exp(v)"), ofY("g * v")),
  log: () =>
    rule(
      `let y = select(log(v), ${withBits("0xff800000u")}, v == T(0.0));
  return select(y, ${nan}, (v < T(0.0)) | ${nanTest("v")});`,
      ofX("g / v"),
    ),
  sqrt: () => rule(`return select(sqrt(v), ${nan}, (v < T(0.0)) | ${nanTest("v")});`, ofY("0.5 * g / v")),
  abs: () => rule("return abs(v);", ofX("select(select(T(0.0), g, v > T(0.0)), -g, v < T(0.0))")),
  neg: () => rule("return -v;", ofNeither("-g")),
  reciprocal: () => rule("return 1.0 / v;", ofY("-g * v * v")),
  floor: () => rule("return floor(v);", undefined),
  ceil: () => rule("return ceil(v);", undefined),
  round: () => rule("return round(v);", undefined),
  sign: () => rule("return select(select(T(0.0), T(1.0), v > T(0.0)), T(-1.0), v < T(0.0));", undefined),
};

type Rules = typeof functions;
type FunctionOf<K extends keyof Rules> = {
  [P in K]: { readonly kind: P } & (Parameters<Rules[P]> extends readonly [infer A] ? A : unknown);
}[K];

/** A function of one number. */
export type UnaryFunction = FunctionOf<keyof Rules>;
/** One that an epilogue may compute. */
export type Activation = FunctionOf<keyof typeof activations>;
/** The functions without attributes. */
export type PlainKind = { [K in keyof Rules]: Parameters<Rules[K]> extends readonly [] ? K : never }[keyof Rules];

function ruleOf(f: UnaryFunction): Rule {
  return (functions[f.kind] as (f: UnaryFunction) => Rule)(f);
}

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
  return { register: "f32", parameters: ["v: T"], result: "T", body: ruleOf(f).body };
}

/** Which of argument and result the derivative is computed from; undefined where it is 0. */
export function derivativeOf(f: UnaryFunction): Derivative["of"] | undefined {
  return ruleOf(f).derivative?.of;
}

/** The body of gx, of `g` = gy and `v`: x or y, as {@link derivativeOf} says. */
export function derivativeText(f: UnaryFunction): string {
  const { given = "", gradient } = ruleOf(f).derivative ?? { gradient: "T(0.0)" };
  return `${given}\n  return ${gradient};`;
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
    unaryFunction({ kind: kind as PlainKind }, { name: `${t.name}_${kind}`, width: t.width }),
  );
  const own = `fn ${t.name}(${t.parameters.join(", ")}) -> ${t.result} {\n  ${t.body}\n}`
    .replaceAll(/\b[TFIU]\b/g, (letter) => wide({ T: t.register, F: "f32", I: "i32", U: "u32" }[letter] ?? letter))
    .replaceAll(/\b(\w+)_of\(/g, `${t.name}_$1(`);
  return [...before, own].join("\n");
}
