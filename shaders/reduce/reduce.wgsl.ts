// y[...] = sum, mean, product, maximum, minimum, sqrt(sum of squares) or log(sum of exp) of x over some of its axes
// x has the axes of y and those that are reduced. One invocation per element of y, or one workgroup per element.
import { foldFunction, rowIndex, soloRows, termFunctions, termSpec } from "../wgsl/fold.ts";
import { nanTest, unaryFunction } from "../wgsl/functions.ts";
import { type Scalar, storageTypes } from "../wgsl/storage.ts";
import { type StridedTemplate, stridedIndices, stridedSpec } from "../wgsl/strided.ts";
import { type ParamSpec, structParams, wgsl } from "../wgsl/wgsl.ts";

export type ReductionKind = "sum" | "mean" | "prod" | "amax" | "amin" | "l2Norm" | "logSumExp";

/** A walk over y, elements one by one. */
export interface ReduceTemplate extends StridedTemplate<"x" | "y"> {
  readonly kind: ReductionKind;
  readonly dtype: Scalar;
  /** Axes that are reduced, joined where they can be. */
  readonly reducedRank: number;
  /** Invocations per element: 1, or those of a workgroup. */
  readonly lanes: number;
}

export function reduceSpec(t: Pick<ReduceTemplate, "rank" | "width" | "arrays" | "reducedRank">): ParamSpec {
  return { ...stridedSpec(t), ...termSpec(t.reducedRank, ["x"]) };
}

export function reduce(t: ReduceTemplate): string {
  const type = t.dtype === "f16" ? "f32" : t.dtype;
  const value = `${type}(x[row + x_term(k)])`;
  const extreme = (comparison: string) =>
    type === "f32"
      ? `select(a, b, (b ${comparison} a) || ${nanTest("b").replaceAll("U", "u32")})`
      : `select(a, b, b ${comparison} a)`;
  const fold = (name: string, identity: string, term: string, combine: string) =>
    foldFunction({ name, lanes: t.lanes, type, identity, term, combine });
  const sumOf = (term: string) => fold("sum", `${type}()`, term, "a + b");
  const largest = fold("extreme", `${type}(x[row])`, value, extreme(">"));
  const texts: Readonly<Record<ReductionKind, readonly [folds: string, result: string]>> = {
    sum: [sumOf(value), `sum(x_at, p.terms, lane, ${type}())`],
    mean: [sumOf(value), "sum(x_at, p.terms, lane, 0.0) / f32(p.terms)"],
    l2Norm: [sumOf(`${value} * ${value}`), "sqrt(sum(x_at, p.terms, lane, 0.0))"],
    prod: [fold("product", `${type}(1)`, value, "a * b"), `product(x_at, p.terms, lane, ${type}())`],
    amax: [largest, `extreme(x_at, p.terms, lane, ${type}())`],
    amin: [fold("extreme", `${type}(x[row])`, value, extreme("<")), `extreme(x_at, p.terms, lane, ${type}())`],
    logSumExp: [
      `${unaryFunction({ kind: "exp" }, { name: "safe_exp", width: 1 })}
${unaryFunction({ kind: "log" }, { name: "safe_log", width: 1 })}
${largest}
${sumOf(`safe_exp(${value} - shift)`)}
fn log_sum_exp(row: u32, lane: u32) -> f32 {
  let found = extreme(row, p.terms, lane, 0.0);
  let shift = select(found, 0.0, (bitcast<u32>(found) & 0x7fffffffu) == 0x7f800000u); // infinity - infinity is NaN
  return shift + safe_log(sum(row, p.terms, lane, shift));
}`,
      "log_sum_exp(x_at, lane)",
    ],
  };
  const [folds, result] = texts[t.kind];
  return wgsl`
${storageTypes(t.dtype === "f16" ? "f16" : "f32")}
${structParams(reduceSpec(t))}
@group(0) @binding(0) var<storage, read> x: array<${t.dtype}>;
@group(0) @binding(1) var<storage, read_write> y: array<${t.dtype}>;
@group(0) @binding(2) var<uniform> p: Params;

${termFunctions(t.reducedRank, ["x"])}
${folds}

@compute @workgroup_size(${t.lanes > 1 ? t.lanes : soloRows})
fn main(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_index) local: u32, @builtin(num_workgroups) groups: vec3u) {
  let lane = ${t.lanes > 1 ? "local" : "0u"};
  ${stridedIndices(t, rowIndex(t.lanes))}
  let result = ${result};
  if (lane == 0u) { y[y_at] = ${t.dtype === "f16" ? "stored" : ""}(result); }
}
`;
}
