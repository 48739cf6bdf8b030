// One pass over the nodes of an ONNX graph. A node that cannot be imported is noted, and the pass goes on, so that one error
// tells all of them.

import { FormatError, type ImportedNode, ShapeError, UnsupportedError } from "../../errors.ts";
import type { GraphBuilder } from "../../graph/ir/builder.ts";
import type { Graph, Value } from "../../graph/ir/graph.ts";
import { elementCount, formatShape, type Shape, type Tensor } from "../../tensor.ts";
import { quote } from "../quote.ts";
import { chosenBranch } from "./branch.ts";
import { deviceType, type ElementType, elementType } from "./element-type.ts";
import { isStandard, type OnnxFile } from "./file.ts";
import { hostTensor } from "./host-tensor.ts";
import { KnownTensors, type SmallTensors } from "./known-tensors.ts";
import type { NodeProto, ValueInfo } from "./messages.ts";
import { neededNodes } from "./needed-nodes.ts";
import { type ImportContext, NodeContext } from "./node-context.ts";
import { inOrder } from "./node-order.ts";
import { computed, known, type Operand } from "./operand.ts";
import { operators } from "./operators/index.ts";
import type { OnnxOperator } from "./operators/operator.ts";
import { Neighbourhood, replacementOf } from "./patterns/index.ts";
import { ensure, UnsupportedNode } from "./unsupported.ts";
import { describeAttributes, describeUnsupported } from "./unsupported-message.ts";

/** One output of one of the file's nodes. */
export interface ImportedLayer {
  /** The node, as the graph names it. */
  readonly name: string;
  readonly operator: string;
  /** The file's own name of the output. */
  readonly output: string;
  /** Type in the file; undefined for what was not imported. */
  readonly type: ElementType | undefined;
  /**
   * Undefined where the graph has no such value: constants and what follows from shapes, what no output needs, steps of a node
   * that was put together from several, and what only hands on the value of a layer before it.
   */
  readonly value: Value | undefined;
}

export class GraphImport implements ImportContext {
  readonly builder: GraphBuilder;
  readonly opset: number;
  readonly tensors: KnownTensors;
  /** Sizes by the names that the file gives them. */
  readonly dimensions = new Map<string, number>();
  readonly #file: OnnxFile;
  /** Each behind those that it reads. */
  readonly #nodes: readonly NodeProto[];
  /** Null for a name whose node could not be imported. */
  readonly #operands = new Map<string, Operand | null>();
  readonly #nodeNames = new Set<string>();
  /** The node behind each of the file's values, as the graph names it. */
  readonly #producers = new Map<string, { readonly name: string; readonly operator: string }>();
  readonly #around: Neighbourhood;
  #shapeFault: ShapeError | undefined;

  constructor(file: OnnxFile, external: SmallTensors, builder: GraphBuilder) {
    this.builder = builder;
    this.opset = file.opset;
    this.#file = file;
    this.#nodes = inOrder(file.graph.nodes, file.name);
    this.tensors = new KnownTensors(file, external);
    this.#around = new Neighbourhood(file.graph, file.opset, {
      operand: (name) => this.#operands.get(name) ?? undefined,
      tensor: (operand) => this.tensors.of(operand),
    });
    for (const { name, type, shape } of file.initializers.values()) {
      this.#operands.set(name, { kind: "weight", type, shape, name });
    }
  }

  /** An input of a tensor of numbers. */
  addInput({ name, tensor }: ValueInfo, shape: Shape): void {
    this.#requireNew(name, "input");
    const type = elementType(tensor?.elementType ?? 0) ?? "f32";
    const stored = deviceType(type);
    if (stored) this.#operands.set(name, computed(type, this.builder.input(name, shape, stored)));
    else this.#operands.set(name, { kind: "shape-only", type, shape, name });
  }

  addKnownInput({ name, tensor }: ValueInfo, { shape, data }: Tensor): void {
    this.#requireNew(name, "input");
    const type = elementType(tensor?.elementType ?? 0) ?? "f32";
    if (data.length !== elementCount(shape)) {
      throw new ShapeError(`values: ${name} got ${data.length} elements, expected ${formatShape(shape)}`);
    }
    this.#operands.set(name, known(hostTensor(type, shape, data)));
  }

  /** Imports all nodes. Throws UnsupportedError that lists those which could not be. */
  finish(): Graph {
    const { outputs } = this.#file.graph;
    const reports = this.#importAll(neededNodes(this.#nodes, outputs));
    if (reports.some(({ reason }) => reason !== undefined)) throw this.#fault(reports);
    if (outputs.length === 0) throw new FormatError(`${this.#file.name}: the graph has no outputs`);
    for (const { name } of outputs) {
      const operand = this.#operands.get(name);
      if (!operand) throw new FormatError(`${this.#file.name}: output ${quote(name)} is produced by no node`);
      this.#output(name, operand);
    }
    return this.builder.build();
  }

  /** What the nodes of the file give, each behind what it reads, and what stands for each of them in `graph`. */
  layers(graph: Graph): ImportedLayer[] {
    const unclaimed = new Set(graph.nodes.flatMap(({ outputs }) => outputs));
    return this.#nodes.flatMap((node) =>
      node.outputs
        .filter((output) => output !== "")
        .map((output) => {
          const { name, operator } = this.#producers.get(output) ?? {
            name: node.name || output,
            operator: node.opType,
          };
          const operand = this.#operands.get(output);
          const value = operand?.kind === "computed" && unclaimed.delete(operand.value) ? operand.value : undefined;
          return { name, operator, output, type: operand?.type, value };
        }),
    );
  }

  #importAll(nodes: readonly NodeProto[]): ImportedNode[] {
    return nodes.flatMap((node) => this.#import(node));
  }

  /** Reports on the node, and on those of a branch that takes its place. */
  #import(node: NodeProto): ImportedNode[] {
    const name = this.#nameOf(node);
    const replacement = replacementOf(node, this.#around);
    const own = isStandard(node.domain) ? node.opType : `${node.domain}.${node.opType}`;
    const operator = replacement?.operator ?? own;
    const inputs = (replacement ?? node).inputs.map((input) => this.#input(input, name));
    const inner: ImportedNode[] = [];
    let outputs: readonly (Operand | null)[] | undefined;
    let reason: string | undefined;
    try {
      const record = replacement ?? (operator === "If" ? undefined : this.#recordOf(node));
      // Behind a node that could not be imported nothing is known of shapes.
      if (!inputs.includes(null)) {
        const operands = inputs.map((input) => input ?? undefined);
        if (record) outputs = this.#build(node, name, operands, record);
        else {
          const [condition] = operands;
          const branch = chosenBranch(node, condition && this.tensors.of(condition));
          inner.push(...this.#importAll(inOrder(branch.nodes, this.#file.name)));
          outputs = branch.outputs.map((output) => this.#input(output.name, name) ?? null);
        }
      }
    } catch (error) {
      if (error instanceof ShapeError) this.#shapeFault ??= error;
      else if (!(error instanceof UnsupportedNode)) throw error;
      reason = error.message.replace(`node ${name}: `, "");
    }
    node.outputs.forEach((output, i) => {
      if (output === "") return;
      this.#requireNew(output, `output of node ${quote(name)}`);
      this.#operands.set(output, outputs?.[i] ?? null);
      this.#producers.set(output, { name, operator });
    });
    const report = { name, operator, attributes: describeAttributes(node), reason, outputShape: outputs?.[0]?.shape };
    return [report, ...inner];
  }

  /** Undefined for an input that is left out, null for one that could not be imported. */
  #input(input: string, node: string): Operand | null | undefined {
    if (input === "") return undefined;
    const operand = this.#operands.get(input);
    if (operand !== undefined) return operand;
    throw new FormatError(`${this.#file.name}: node ${quote(node)}: input ${quote(input)} is produced by nothing`);
  }

  #recordOf({ domain, opType }: NodeProto): OnnxOperator {
    const { functions } = this.#file.model;
    const isOwn = functions.includes(`${domain}.${opType}`);
    ensure(!isOwn, "it is a function of the model's own: export with functions inlined");
    ensure(isStandard(domain), `operators of the domain ${domain} are not known`);
    const record = Object.hasOwn(operators, opType) ? operators[opType] : undefined;
    ensure(record !== undefined, "no such operator here");
    const since = record.since ?? 1;
    ensure(this.opset >= since, `its definition of operator set ${this.opset} is not read, expected ${since} or newer`);
    return record;
  }

  #build(
    node: NodeProto,
    name: string,
    inputs: readonly (Operand | undefined)[],
    record: Pick<OnnxOperator, "build">,
  ): readonly Operand[] {
    const context = new NodeContext(node, name, inputs, this);
    const built = record.build(context);
    const outputs: readonly Operand[] = "kind" in built ? [built] : built;
    const unread = context.unreadAttributes();
    ensure(unread.length === 0, `attribute ${unread.join(", ")} is not known`);
    const missing = node.outputs.find((output, i) => output !== "" && outputs[i] === undefined);
    ensure(missing === undefined, `output ${missing} is not computed`);
    return outputs;
  }

  #output(name: string, operand: Operand): void {
    if (operand.kind === "computed") {
      this.builder.output(name, operand.value);
      return;
    }
    const output = new NodeContext(
      { name, opType: "output", domain: "", inputs: [], outputs: [], attributes: [] },
      name,
      [operand],
      this,
    );
    try {
      this.builder.output(name, output.asValue(operand, "value"));
    } catch (error) {
      if (!(error instanceof UnsupportedNode)) throw error;
      throw new UnsupportedError(`${this.#file.name}: output ${quote(name)}: ${error.message}`, []);
    }
  }

  /** The file's own name, unless it has none or has it twice. */
  #nameOf({ name, outputs, opType }: NodeProto): string {
    const own = name !== "" && !this.#nodeNames.has(name) ? name : (outputs[0] ?? opType);
    this.#nodeNames.add(own);
    return own;
  }

  #requireNew(name: string, what: string): void {
    if (!this.#operands.has(name)) return;
    throw new FormatError(`${this.#file.name}: ${what}: the name ${quote(name)} is taken`);
  }

  /** Shapes that the caller gave may not fit the model; that is no want of support. */
  #fault(reports: readonly ImportedNode[]): ShapeError | UnsupportedError {
    const faults = reports.filter(({ reason }) => reason !== undefined);
    if (faults.length === 1 && this.#shapeFault) {
      return new ShapeError(`${this.#file.name}: ${this.#shapeFault.message}`);
    }
    return new UnsupportedError(describeUnsupported(this.#file.name, reports), reports);
  }
}
