// Builds a graph node by node.
import { ShapeError, UsageError } from "../../errors.ts";
import type { InitialValue } from "../../ops/initial.ts";
import { noEpilogue, type Operator } from "../../ops/operator.ts";
import { checkOptions, flag } from "../../options.ts";
import { elementCount, formatShape, type Shape, shapesEqual, type Tensor, type TensorType } from "../../tensor.ts";
import { differentiate, type Seed } from "./differentiate.ts";
import { createNode, type Graph, type Node, prune, type Value } from "./graph.ts";

/** What a node may have beside its operator, attributes and inputs. */
export interface ApplyOptions {
  /** Names the node and its first output. Default: the operator's name and a number. */
  readonly name?: string;
  /** [K], added per output channel; for operators with an epilogue (convolutions). */
  readonly bias?: Value;
}

/** What a graph is built for. */
export interface BuildOptions {
  /** Whether it is trained: networks then build what has no place in inference, such as dropout. Default false. */
  readonly training?: boolean;
}

/** Name of the input that random nodes read. */
export const drawInput = "draw";

/** What a random node reads, and its number among those of its graph. */
export interface DrawSource {
  /** The input `draw`, u32 [2]: a seed and a step. */
  readonly draw: Value;
  readonly layer: number;
}

/**
 * A graph under construction.
 *
 *     const b = new GraphBuilder();
 *     const x = b.input("image", [1, 3, 64, 64]);
 *     const w = b.parameter("conv.weight", [8, 3, 3, 3]);
 *     b.output("features", b.apply(relu, [b.apply(conv2d, [x, w], { padding: 1 })], {}));
 *     const graph = b.build();
 */
export class GraphBuilder {
  readonly #inputs = new Map<string, Value>();
  readonly #parameters = new Map<string, Value>();
  readonly #nodes: Node[] = [];
  readonly #outputs = new Map<string, Value>();
  readonly #isTrained: boolean;
  #draw: Value | undefined;
  #drawn = 0;

  /** Throws UsageError for an unknown option. */
  constructor(options: BuildOptions = {}) {
    this.#isTrained = checkOptions("GraphBuilder", options, { training: flag }).training ?? false;
  }

  /** A tensor that every run is given. */
  input(name: string, shape: Shape, dtype: TensorType["dtype"] = "f32"): Value {
    if (this.#inputs.has(name)) throw new ShapeError(`input ${name}: the name is taken`);
    const value: Value = { name, type: this.#type(`input ${name}`, shape, dtype), kind: "input" };
    this.#inputs.set(name, value);
    return value;
  }

  /** A trained tensor, f32. Asking again for a name gives the same value, so weights can be shared. `initial`: see {@link Value}. */
  parameter(name: string, shape: Shape, initial?: InitialValue): Value {
    const known = this.#parameters.get(name);
    if (known) {
      if (shapesEqual(known.type.shape, shape)) return known;
      throw new ShapeError(`parameter ${name}: got ${formatShape(shape)}, was ${formatShape(known.type.shape)} before`);
    }
    const type = this.#type(`parameter ${name}`, shape, "f32");
    const value: Value = { name, type, kind: "parameter", ...(initial && { initial }) };
    this.#parameters.set(name, value);
    return value;
  }

  /** Every parameter that was asked for, whether or not an output needs it. */
  get parameters(): readonly Value[] {
    return [...this.#parameters.values()];
  }

  /** A tensor that stays on the device from one run to the next, f32; an operator that updates it writes into it. */
  state(name: string, shape: Shape): Value {
    return { name, type: this.#type(`state ${name}`, shape, "f32"), kind: "state" };
  }

  /** A tensor that is part of the graph. */
  constant(name: string, { shape, data }: Tensor): Value {
    const dtype = data instanceof Float32Array ? "f32" : data instanceof Int32Array ? "i32" : "u32";
    const type = this.#type(`constant ${name}`, shape, dtype);
    if (data.length !== elementCount(shape)) {
      throw new ShapeError(`constant ${name}: got ${data.length} values, expected shape ${formatShape(shape)}`);
    }
    return { name, type, kind: "constant", data };
  }

  /**
   * What the next random node reads; undefined where the graph is not trained. Each call gives another number, so that each node
   * draws for itself. `compileTrainStep` gives the input `draw` at every step. Throws ShapeError where another input has its name.
   */
  drawSource(): DrawSource | undefined {
    if (!this.#isTrained) return undefined;
    this.#draw ??= this.input(drawInput, [2], "u32");
    return { draw: this.#draw, layer: this.#drawn++ };
  }

  /** Applies an operator; returns its first output. Throws ShapeError naming the node. */
  apply<A extends object, G extends object>(
    operator: Operator<A, G>,
    inputs: readonly Value[],
    given: G,
    options: ApplyOptions = {},
  ): Value {
    return this.applyAll(operator, inputs, given, options)[0]!;
  }

  /** As {@link apply}, with all outputs. */
  applyAll<A extends object, G extends object>(
    operator: Operator<A, G>,
    inputs: readonly Value[],
    given: G,
    options: ApplyOptions = {},
  ): readonly Value[] {
    const name = options.name ?? `${operator.name}.${this.#nodes.length}`;
    try {
      const attrs = operator.attributes(given);
      const bias = options.bias;
      const node = createNode(operator, bias ? [...inputs, bias] : inputs, attrs, {
        name,
        epilogue: { ...noEpilogue, bias: bias !== undefined },
      });
      if (bias) requireBias(operator, bias, node.outputs[0]!);
      this.#nodes.push(node);
      return node.outputs;
    } catch (error) {
      if (error instanceof ShapeError) throw new ShapeError(`node ${name}: ${error.message}`);
      throw error;
    }
  }

  /**
   * Appends the gradients of a scalar, or of values whose own gradients are known, with respect to each of `wanted`: d(loss)/d(w)
   * in the shape of w, zeros where nothing depends on it.
   * Throws UsageError where `of` is no scalar, a gradient has another shape, or an operator on the way has no gradient.
   */
  gradients(of: Value | readonly Seed[], wanted: readonly Value[]): readonly Value[] {
    const seeds = "type" in of ? [{ value: of, gradient: this.#one(of) }] : of;
    const append = (node: Node) => {
      this.#nodes.push(node);
      return node.outputs;
    };
    return differentiate([...this.#nodes], seeds, wanted, append).map((gradient, i) => {
      const { name, type } = wanted[i]!;
      const zeros = () => new Float32Array(elementCount(type.shape));
      return gradient ?? this.constant(`grad:${name}`, { shape: type.shape, data: zeros() });
    });
  }

  /** d(loss)/d(loss). */
  #one({ name, type: { shape } }: Value): Value {
    if (elementCount(shape) === 1) return this.constant("1", { shape, data: Float32Array.of(1) });
    throw new UsageError(`gradients of ${name}: got shape ${formatShape(shape)}, expected one element`);
  }

  /** Names a value that every run returns. */
  output(name: string, value: Value): void {
    this.#outputs.set(name, value);
  }

  /** The graph of what the outputs need. */
  build(): Graph {
    const { parameters } = this;
    const inputs = [...this.#inputs.values()];
    return prune({ inputs, parameters, nodes: this.#nodes, outputs: new Map(this.#outputs) });
  }

  #type(where: string, shape: Shape, dtype: TensorType["dtype"]): TensorType {
    if (shape.every((size) => Number.isSafeInteger(size) && size >= 1)) return { shape, dtype };
    throw new ShapeError(`${where}: got shape ${formatShape(shape)}, expected positive integers`);
  }
}

function requireBias(operator: Operator, bias: Value, output: Value): void {
  if (!operator.epilogue) throw new ShapeError(`${operator.name}: takes no bias`);
  const channels = output.type.shape[1]!;
  if (shapesEqual(bias.type.shape, [channels])) return;
  throw new ShapeError(`${operator.name}: bias has shape ${formatShape(bias.type.shape)}, expected [${channels}]`);
}
