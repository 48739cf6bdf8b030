// One record per operator drives its forward test, its gradient test and its benchmark row.
import type { Storage } from "../../shaders/wgsl/storage.ts";
import { type Epilogue, noEpilogue, type Operator } from "../../src/ops/operator.ts";
import { type DType, elementCount, type Shape, type TensorData } from "../../src/tensor.ts";
import { distinct, uniform } from "./random.ts";

export interface InputSpec {
  readonly shape: Shape;
  readonly dtype?: DType;
  /** Default `uniform` in [-1, 1). `positive` is [0.5, 1.5); or the values themselves. */
  readonly values?: "uniform" | "distinct" | "positive" | readonly number[];
}

export interface OperatorCase<G extends object> {
  /** Why this case is here, in a few words. */
  readonly why: string;
  readonly inputs: readonly (Shape | InputSpec)[];
  readonly given: G;
  readonly epilogue?: Partial<Epilogue>;
  /** Why differences cannot check the gradient here: ties, say, where it jumps. */
  readonly gradient?: string;
}

/** A tensor of the float64 reference. */
export interface ReferenceTensor {
  readonly shape: Shape;
  readonly data: Float64Array;
}

export interface ReferenceOutput {
  readonly data: Float64Array;
  /**
   * Per element the sum of the absolute values of all products (or terms) that were summed: the tolerance is
   * `8 eps32 * magnitude + 1e-7`. A result that must be exact (index, copy, maximum) has magnitude 0 and `exact`.
   */
  readonly magnitude: Float64Array;
  readonly exact?: true;
  /** What storing each element may add to its error. */
  readonly rounding?: Float64Array;
}

export interface OperatorCases<A extends object = object, G extends object = object> {
  readonly operator: Operator<A, G>;
  /** Plain loops in float64, as close to the formula as possible; shares no code with the kernels. */
  reference(inputs: readonly ReferenceTensor[], attrs: A): readonly ReferenceOutput[];
  readonly cases: readonly OperatorCase<G>[];
  /** Set where the suite is another one on another device, which is tested too: its gradients would be the same graphs again. */
  readonly withoutGradients?: true;
  /** Outputs through which no gradient flows. */
  readonly withoutOutputGradient?: readonly number[];
  /** Inputs that the gradient takes for constants. */
  readonly withoutInputGradient?: readonly number[];
  /** Factor of the gradient's tolerance, with a reason where it is given. */
  readonly gradientSlack?: number;
  /** Types of the floats to test. Default both. */
  readonly storages?: readonly Storage[];
}

/** Whether what a module exports is an operator. */
export function isOperator(value: unknown): value is Operator {
  return typeof value === "object" && value !== null && "kernels" in value && "shape" in value;
}

export function inputSpec(input: Shape | InputSpec): InputSpec {
  return "shape" in input ? input : { shape: input };
}

export function createData(spec: InputSpec, random: () => number): TensorData {
  const count = elementCount(spec.shape);
  if (typeof spec.values === "object") {
    if (spec.values.length !== count) throw new Error(`case gives ${spec.values.length} values for ${count} elements`);
    return spec.dtype === "i32"
      ? Int32Array.from(spec.values)
      : spec.dtype === "u32"
        ? Uint32Array.from(spec.values)
        : Float32Array.from(spec.values);
  }
  if (spec.dtype === "i32") return Int32Array.from({ length: count }, () => Math.floor(random() * 100) - 50);
  if (spec.dtype === "u32") return Uint32Array.from({ length: count }, () => Math.floor(random() * 100));
  if (spec.values === "distinct") return distinct(count, random);
  const values = uniform(count, random);
  return spec.values === "positive" ? values.map((value) => value / 2 + 1) : values;
}

export function fullEpilogue(given: Partial<Epilogue> | undefined): Epilogue {
  return { ...noEpilogue, ...given };
}
