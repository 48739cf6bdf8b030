// What an import computes with, beside the graph that it builds: shapes, small constants, and what follows from them.
import { elementCount } from "../../tensor.ts";
import { elementType, elementTypeName } from "./element-type.ts";
import type { OnnxFile } from "./file.ts";
import type { HostTensor } from "./host-tensor.ts";
import type { AttributeProto } from "./messages.ts";
import type { Operand } from "./operand.ts";
import { checkTensor } from "./tensor.ts";
import { ensure } from "./unsupported.ts";

/** Tensors of more elements are weights: they are computed on the GPU. */
export const mostKnown = 65_536;

/** Elements of all known tensors of an import together, so that a small file cannot fill the memory. */
const mostKnownTogether = 4_194_304;

/** Elements of small tensors that lie outside the file, by name. */
export type SmallTensors = ReadonlyMap<string, Float32Array | Float64Array>;

export class KnownTensors {
  readonly #file: OnnxFile;
  readonly #external: SmallTensors;
  readonly #decoded = new Map<string, HostTensor>();
  #reserved = 0;

  constructor(file: OnnxFile, external: SmallTensors) {
    this.#file = file;
    this.#external = external;
  }

  /** The numbers of an operand, where they are known and few; undefined where the GPU computes them. */
  of(operand: Operand): HostTensor | undefined {
    if (operand.kind === "known") return operand.tensor;
    if (operand.kind !== "weight" || elementCount(operand.shape) > mostKnown) return undefined;
    const { name, type, shape } = operand;
    const decoded = this.#decoded.get(name);
    if (decoded) return decoded;
    const data = this.#external.get(name) ?? this.#file.elements(this.#file.initializers.get(name)!);
    const tensor = { type, shape, data };
    this.#decoded.set(name, tensor);
    return tensor;
  }

  /** Decodes the tensor of an attribute. */
  ofAttribute({ name, t }: AttributeProto): HostTensor {
    ensure(t !== undefined, `attribute ${name} holds no tensor`);
    ensure(
      elementType(t.dataType) !== undefined,
      `attribute ${name} is ${elementTypeName(t.dataType)}, expected numbers`,
    );
    ensure(!t.isExternal, `attribute ${name} is external data, expected it in the model`);
    const tensor = checkTensor(t, this.#file.name);
    return { type: tensor.type, shape: tensor.shape, data: this.#file.elements(tensor) };
  }

  /** Throws where these many elements more would be more than an import may hold. */
  reserve(elements: number): void {
    this.#reserved += elements;
    ensure(
      this.#reserved <= mostKnownTogether,
      `shapes and constants take too much, got ${this.#reserved} elements, expected at most ${mostKnownTogether}`,
    );
  }
}
