// What PyTorch computed: a safetensors file with `input:NAME`, `layer:NAME` and `output:NAME`, all f32.
// Where gradients are compared too, `output-gradient:NAME` of an output and `gradient:NAME` of inputs and parameters.
// The metadata field `atrous.order` lists the layers in forward order. weights/export/goldens.py writes such files.
import { FormatError } from "../errors.ts";
import { quote } from "../formats/quote.ts";
import { openSafetensors, type SafetensorsFile } from "../formats/safetensors/index.ts";
import type { Origin } from "../formats/source/source.ts";
import type { Reference, ReferenceGradients, ReferenceTensor } from "./reference.ts";

export class ReferenceFile implements Reference {
  /** Names of layers in forward order. */
  readonly layers: readonly string[];
  readonly name: string;
  /** Names of outputs: `logits`, and other heads. */
  readonly outputs: readonly string[];
  readonly gradients?: ReferenceGradients;
  readonly #file: SafetensorsFile;

  private constructor(file: SafetensorsFile, layers: readonly string[]) {
    this.name = file.name;
    this.#file = file;
    this.layers = layers;
    this.outputs = this.#names("output:");
    const of = this.#names("output-gradient:");
    if (of.length > 0) {
      this.gradients = {
        of,
        names: this.#names("gradient:"),
        ofOutput: (name) => this.#read(`output-gradient:${name}`),
        gradient: (name) => this.#read(`gradient:${name}`),
      };
    }
  }

  /** Throws FormatError when the file is no reference. */
  static async open(origin: Origin): Promise<ReferenceFile> {
    const file = await openSafetensors(origin);
    try {
      return new ReferenceFile(file, readOrder(file));
    } catch (error) {
      await file.close();
      throw error;
    }
  }

  input(name: string): Promise<ReferenceTensor> {
    return this.#read(`input:${name}`);
  }

  layer(name: string): Promise<ReferenceTensor> {
    return this.#read(`layer:${name}`);
  }

  output(name: string): Promise<ReferenceTensor> {
    return this.#read(`output:${name}`);
  }

  close(): Promise<void> {
    return this.#file.close();
  }

  #names(prefix: string): readonly string[] {
    const keys = [...this.#file.entries.keys()].filter((key) => key.startsWith(prefix));
    return keys.map((key) => key.slice(prefix.length));
  }

  async #read(key: string): Promise<ReferenceTensor> {
    const entry = this.#file.entries.get(key);
    if (!entry) throw new FormatError(`${this.name}: tensor "${key}" is missing`);
    return { shape: entry.shape, data: await this.#file.readF32(key) };
  }
}

function readOrder({ name, metadata, entries }: SafetensorsFile): readonly string[] {
  const where = `${name}: metadata "atrous.order"`;
  let order: unknown;
  try {
    order = JSON.parse(metadata["atrous.order"] ?? "[]");
  } catch {
    throw new FormatError(`${where} is no JSON, expected a list of layer names`);
  }
  if (!Array.isArray(order) || !order.every((layer) => typeof layer === "string")) {
    throw new FormatError(`${where}: expected a list of layer names`);
  }
  const absent = order.find((layer) => !entries.has(`layer:${layer}`));
  if (absent !== undefined)
    throw new FormatError(`${where} names ${quote(absent)}, but there is no tensor ${quote(`layer:${absent}`)}`);
  return order;
}
