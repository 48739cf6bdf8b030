// An ONNX file: its graph decoded and checked at once, its weights when they are asked for.

import { FormatError } from "../../errors.ts";
import { f32ToF16 } from "../../half.ts";
import { elementCount } from "../../tensor.ts";
import { quote } from "../quote.ts";
import { requireModel } from "../source/foreign.ts";
import { openSibling } from "../source/sibling.ts";
import { type ByteSource, type Origin, openSource, readAll } from "../source/source.ts";
import { decodeModel } from "./decode.ts";
import { decodeRaw } from "./elements.ts";
import type { GraphProto, ModelProto } from "./messages.ts";
import { checkTensor, elementsOf, type FileTensor } from "./tensor.ts";

/** The newest operator set whose definitions were read for this importer: that of ONNX 1.23. */
const newestOpset = 28;

export interface OpenOnnxOptions {
  /** Opens the files of external data; by default those beside the model, in its folder or below. */
  readonly openExternal?: (location: string) => Promise<ByteSource>;
}

/** Opens an ONNX file. Throws FormatError that names the file, and the node or tensor. */
export async function openOnnx(origin: Origin, options: OpenOnnxOptions = {}): Promise<OnnxFile> {
  const source = await openSource(origin);
  try {
    const { name } = source;
    const bytes = await readAll(source);
    requireModel(bytes, name);
    const model = decodeModel(bytes, name);
    const openExternal = options.openExternal ?? ((location) => openSibling(origin, location, name));
    return new OnnxFile(name, model, openExternal);
  } finally {
    await source.close();
  }
}

export class OnnxFile {
  readonly name: string;
  readonly model: ModelProto;
  readonly graph: GraphProto;
  /** Version of the standard operators. */
  readonly opset: number;
  readonly initializers: ReadonlyMap<string, FileTensor>;
  readonly #openExternal: (location: string) => Promise<ByteSource>;
  readonly #external = new Map<string, Promise<ByteSource>>();

  /** Use `openOnnx`. */
  constructor(name: string, model: ModelProto, openExternal: (location: string) => Promise<ByteSource>) {
    if (!model.graph) throw new FormatError(`${name}: not an ONNX model: it has no graph`);
    this.name = name;
    this.model = model;
    this.graph = model.graph;
    this.opset = requireOpset(model, name);
    this.initializers = collectInitializers(model.graph, name);
    this.#openExternal = openExternal;
  }

  /** A tensor of a node's attribute, or one of the initializers, in this file. */
  elements(tensor: FileTensor): Float32Array | Float64Array {
    return elementsOf(tensor, this.name);
  }

  /** The elements of an initializer, from wherever they lie. */
  async read(tensor: FileTensor): Promise<Float32Array | Float64Array> {
    const { place } = tensor;
    if (!place) return this.elements(tensor);
    const source = await this.#externalSource(place.location);
    return decodeRaw(await source.read(place.offset, place.length), tensor.type);
  }

  /** Reads an initializer as f32. Throws FormatError if there is none of that name. */
  async readF32(name: string): Promise<Float32Array> {
    const tensor = this.initializers.get(name);
    if (!tensor) throw new FormatError(`${this.name}: no initializer ${quote(name)}`);
    const elements = await this.read(tensor);
    return elements instanceof Float32Array ? elements : Float32Array.from(elements);
  }

  get halfNames(): string[] {
    return [...this.initializers.values()].filter(({ type }) => type === "f16").map(({ name }) => name);
  }

  /** Reads an initializer of f16 by its bits, which f32 holds exactly. */
  async readF16(name: string): Promise<Uint16Array> {
    return f32ToF16(await this.readF32(name));
  }

  /** Closes the files of external data. */
  async close(): Promise<void> {
    const open = [...this.#external.values()];
    this.#external.clear();
    await Promise.all(open.map((source) => source.then((opened) => opened.close()).catch(() => {})));
  }

  #externalSource(location: string): Promise<ByteSource> {
    const known = this.#external.get(location);
    if (known) return known;
    const source = this.#openExternal(location);
    this.#external.set(location, source);
    return source;
  }
}

function requireOpset({ opsetImport }: ModelProto, name: string): number {
  const versions = opsetImport.filter(({ domain }) => isStandard(domain)).map(({ version }) => version);
  // A model may have none of the standard's operators.
  const version = versions[0] ?? newestOpset;
  if (opsetImport.length === 0 || versions.some((other) => other !== version)) {
    throw new FormatError(`${name}: got versions [${versions.join(", ")}] of the standard operators, expected one`);
  }
  if (!Number.isSafeInteger(version) || version < 1) throw new FormatError(`${name}: operator set is ${version}`);
  if (version > newestOpset) {
    throw new FormatError(`${name}: got operator set ${version}, expected at most ${newestOpset}: export for that one`);
  }
  return version;
}

/** The standard's own operators; its name may be spelt out. */
export function isStandard(domain: string): boolean {
  return domain === "" || domain === "ai.onnx";
}

function collectInitializers(graph: GraphProto, file: string): Map<string, FileTensor> {
  if (graph.sparseInitializers > 0) {
    throw new FormatError(`${file}: got ${graph.sparseInitializers} sparse initializers, expected dense ones`);
  }
  const tensors = new Map<string, FileTensor>();
  for (const proto of graph.initializers) {
    if (tensors.has(proto.name)) throw new FormatError(`${file}: initializer ${quote(proto.name)} stands twice`);
    tensors.set(proto.name, checkTensor(proto, file));
  }
  return tensors;
}

/** Small tensors beside the model: what shapes are made of, needed before weights are. */
export async function readSmall(
  file: OnnxFile,
  mostElements: number,
): Promise<Map<string, Float32Array | Float64Array>> {
  const small = [...file.initializers.values()].filter(
    ({ place, shape }) => place !== undefined && elementCount(shape) <= mostElements,
  );
  const read = new Map<string, Float32Array | Float64Array>();
  for (const tensor of small) read.set(tensor.name, await file.read(tensor));
  return read;
}
