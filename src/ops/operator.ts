// What an operator and a kernel are. The graph, the planner and the executor know these records and nothing else:
// no operator is known to them by name.
import { ShapeError } from "../errors.ts";
import type { TensorType } from "../tensor.ts";
import type { Cost } from "./cost.ts";
import type { DeviceTraits } from "./device-traits.ts";
import type { Activation } from "./elementwise/activation.ts";
import type { InitialValue } from "./initial.ts";
import type { Params } from "./parameters.ts";
import type { View } from "./view.ts";

interface Lists<T> {
  readonly [least: number]: readonly [T, ...T[]];
  readonly 2: readonly [T, T, ...T[]];
  readonly 3: readonly [T, T, T, ...T[]];
  readonly 4: readonly [T, T, T, T, ...T[]];
  readonly 5: readonly [T, T, T, T, T, ...T[]];
}

/**
 * A list of at least N, or of at least one where N is `number`: an operator's own operands, whatever an epilogue adds behind
 * them. A longer list fits where any is asked for, and so does an operator of more inputs.
 */
export type AtLeast<T, N extends number> = Lists<T>[N];

/** Throws ShapeError for an empty list: every operator has an input and an output. */
export function nonEmpty<T>(items: readonly T[], what: string): AtLeast<T, 1> {
  const isNonEmpty = (list: readonly T[]): list is AtLeast<T, 1> => list.length > 0;
  if (isNonEmpty(items)) return items;
  throw new ShapeError(`${what}: got none, expected at least one`);
}

/** A tensor as a kernel sees it. */
export interface Operand extends TensorType {
  readonly view: View;
}

/** What a kernel does to its result before it writes: `activation(result + bias + residual)`. */
export interface Epilogue {
  /** [K], added per channel; the operand after the operator's own inputs. */
  readonly bias: boolean;
  /** Shape of the output, added per element; the last operand. In place: it lies where the output goes, and has no binding. */
  readonly residual: boolean | "in place";
  readonly activation: Activation;
}

export const noEpilogue: Epilogue = { bias: false, residual: false, activation: { kind: "none" } };

/** One use of an operator of `I` inputs and `O` outputs, with everything known but the data. */
export interface Call<A extends object = object, I extends number = number, O extends number = number> {
  /** The operator's inputs, then bias and residual where the epilogue has them. */
  readonly inputs: AtLeast<Operand, I>;
  readonly outputs: AtLeast<Operand, O>;
  readonly attrs: A;
  readonly epilogue: Epilogue;
  /** Inputs that already lie in their place inside the output (see {@link Operator.regions}). */
  readonly inPlace?: ReadonlySet<number>;
}

export type Binding = { readonly input: number } | { readonly output: number };

export interface Dispatch {
  /** Rendered WGSL, entry point `main`. It alone decides which pipeline is used. */
  readonly code: string;
  /** Buffers of `@group(0) @binding(0..)`, in order; the uniform parameters follow them. */
  readonly bindings: readonly Binding[];
  readonly params: Params;
  readonly workgroups: readonly [x: number, y: number, z: number];
}

/** A kernel's wish to get an input through another operator first, e.g. weights with output channels innermost. */
export interface Pack {
  readonly input: number;
  readonly operator: Operator;
  readonly given: object;
}

export interface Kernel<A extends object = object, I extends number = number, O extends number = number> {
  /** `operator/kernel`, e.g. `conv2d/direct`. */
  readonly name: string;
  applies(call: Call<A, I, O>, device: DeviceTraits): boolean;
  /**
   * Inputs that may be views of larger buffers; outputs and a residual then may be too, a bias never. Absent: the
   * planner keeps all operands whole.
   */
  readonly views?: "all" | readonly number[];
  /**
   * Set where the residual may lie in the output's place: each of its elements is read and then overwritten by the same
   * invocation, through the output's binding.
   */
  readonly residualInPlace?: true;
  packs?(call: Call<A, I, O>, device: DeviceTraits): readonly Pack[];
  /** Operand shapes are the logical ones; a packed input's buffer holds what its pack produced. */
  dispatches(call: Call<A, I, O>, device: DeviceTraits): readonly Dispatch[];
}

/** What a decomposition works with; `V` is the graph's value, which this layer does not know. */
export interface DecompositionContext<V, I extends number = number> {
  /** The call's inputs, then bias and residual where the epilogue has them. */
  readonly inputs: AtLeast<V, I>;
  /** Appends a node named after the call's own with `part` behind it; the last one appended takes the call's name. */
  apply<B extends object, G extends object>(
    part: string,
    operator: Operator<B, G>,
    inputs: readonly V[],
    given: G,
    epilogue?: Epilogue,
  ): V;
}

/**
 * A way to compute a call by other operators, where that is faster: Winograd's algorithm, a sum split over channels.
 * The parts are ordinary nodes, so that planning, profiling and the choice of kernels work on them unchanged.
 */
export interface Decomposition<A extends object = object, I extends number = number> {
  /** `operator/algorithm`, e.g. `conv2d/winograd4`. */
  readonly name: string;
  applies(call: Call<A, I>, device: DeviceTraits): boolean;
  /** Returns what replaces the call's only output. */
  build<V>(context: DecompositionContext<V, I>, call: Call<A, I>): V;
}

/** What a gradient rule works with; `V` is the graph's value, which this layer does not know. */
export interface GradientContext<V, A extends object = object, I extends number = number, O extends number = number> {
  /** The operator's own inputs; the gradient of an epilogue's bias is the differentiator's job. */
  readonly inputs: AtLeast<V, I>;
  readonly outputs: AtLeast<V, O>;
  /** d(loss)/d(output) of the first output. Throws Error where nothing depends on it, which is so only beside other outputs. */
  readonly gy: V;
  /** d(loss)/d(output); undefined where nothing depends on that output. */
  readonly outputGradients: AtLeast<V | undefined, O>;
  readonly attrs: A;
  type(value: V): TensorType;
  /** A scalar of the graph's own, f32. */
  constant(number: number): V;
  /** Appends a node; returns its first output. */
  apply<B extends object, G extends object>(operator: Operator<B, G>, inputs: readonly V[], given: G): V;
  /** As `apply`, with all outputs. */
  applyAll<B extends object, G extends object>(operator: Operator<B, G>, inputs: readonly V[], given: G): readonly V[];
}

/**
 * An operator: `A` are its attributes with every default filled in, `G` what a caller has to give; it has at least `I` inputs
 * and `O` outputs.
 * Members are methods, so that records of different attributes fit one registry.
 */
export interface Operator<
  A extends object = object,
  G extends object = object,
  I extends number = number,
  O extends number = number,
> {
  readonly name: string;
  /** Fills in defaults. Throws ShapeError for attributes that are wrong whatever the inputs. */
  attributes(given: G): A;
  /** Output types for the operator's own inputs (without bias and residual). Throws ShapeError. */
  shape(inputs: AtLeast<TensorType, I>, attrs: A): AtLeast<TensorType, O>;
  cost(call: Call<A, I, O>): Cost;
  /** The first applies always: it is the reference that the others are compared with. Otherwise their order decides nothing. */
  readonly kernels: readonly Kernel<A, I, O>[];
  readonly decompositions?: readonly Decomposition<A, I>[];
  /**
   * Name of the kernel or decomposition, of those that apply, for a call that nobody has measured on this device. Every
   * operator with more than one kernel has it.
   */
  prefer?(call: Call<A, I, O>, device: DeviceTraits): string;
  /**
   * Gradients of the own inputs, as graph, each of its input's shape; undefined where an input has none. Unused gradients
   * are removed. Absent: not differentiable.
   */
  gradient?<V>(context: GradientContext<V, A, I, O>): readonly (V | undefined)[];
  /**
   * Whether a call with `attrs` computes, as its first outputs, all that one with `other` does on the same inputs. Then it
   * takes the other's place: a gradient may ask for more than the forward pass did, and it is computed once.
   */
  covers?(attrs: A, other: A): boolean;
  /**
   * How inputs begin that are parameters, where no file gives them: the own ones, then an epilogue's bias. Undefined, or absent:
   * as zeros. Source: the defaults of PyTorch's modules.
   */
  initial?(inputs: readonly TensorType[]): readonly (InitialValue | undefined)[];
  /** Own inputs that are f32 where the others are f16: statistics, whose range f16 does not hold. */
  readonly fullInputs?: readonly number[];
  /**
   * Set where an input may be f32 beside one of f16: what repeats and is known before the run, a factor of all elements say,
   * then stays f32, since its rounding would push all results the same way.
   */
  readonly mixesFloats?: true;
  /** Set where kernels take an {@link Epilogue}. */
  readonly epilogue?: true;
  /** Set where the output is linear in input `input` per output channel along `axis`, so that batch norm folds into it. */
  channelScale?(attrs: A): { readonly input: number; readonly axis: number } | undefined;
  /**
   * Set where the output is an affine map per channel of the first input: the operator that folds the other inputs into
   * a weight. Its inputs are weight, bias where there is one, and this operator's other inputs; its outputs the new
   * weight and bias.
   */
  fold?(attrs: A, target: { readonly axis: number; readonly bias: boolean }): { operator: Operator; given: object };
  /** Set where the output is an activation of the only input, so that it can join that input's epilogue. */
  activation?(attrs: A): Activation;
  /** Set where the output is one input times, or plus, the other, so that a scalar folds into the convolution before it. */
  readonly affine?: "scale" | "shift";
  /** Set where the output is the sum of both inputs, so that one can join the other's epilogue as residual. */
  readonly residual?: true;
  /** Set where the output is elements of the first input, on end, under another shape: from which element on. */
  alias?(attrs: A): number;
  /** Where the output is made of its inputs: where each of them lies, or undefined. */
  regions?(inputs: AtLeast<TensorType, I>, attrs: A): Regions | undefined;
  /**
   * The input, a state, that each output overwrites. Kernels have no binding for it: they read and write the output's.
   * Nodes that read the state come before.
   */
  readonly updates?: readonly number[];
}

/** The places of the inputs that an output is made of. */
export interface Regions {
  /**
   * `item`: offsets are within one batch item, and the next item lies a batch stride of the output further. `dense`: each
   * input lies on end, from a multiple of {@link bindingElements} on.
   */
  readonly layout: "item" | "dense";
  /** In elements. */
  readonly offsets: readonly number[];
}
