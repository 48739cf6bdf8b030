// Weights that a training starts from: those of a file, under the names that the network has for them.
import { FormatError } from "../../errors.ts";
import { quote } from "../../formats/quote.ts";
import { checkEntries } from "../../formats/safetensors/index.ts";
import type { TensorFile } from "../../formats/tensor-file.ts";
import type { Graph } from "../../graph/ir/graph.ts";
import type { StartConfig } from "../config/start.ts";

/** A file's tensors by the names of the network. */
export class StartWeights {
  /** Parameters that the file lacks, which begin at random, in the order of the network. */
  readonly random: readonly string[];
  readonly #file: TensorFile;
  /** The file's name of each. */
  readonly #names: ReadonlyMap<string, string>;

  /**
   * Throws FormatError where a tensor does not fit, two tensors get one name, or the file has none that the network knows. Tensors
   * that the network does not know are left where they are.
   */
  constructor(file: TensorFile, { parameters }: Graph, rename: StartConfig["rename"]) {
    this.#file = file;
    this.#names = renamed(file, rename);
    const entries = new Map([...this.#names].map(([name, own]) => [name, file.entries.get(own)!]));
    const expected = parameters.filter(({ name }) => entries.has(name));
    if (expected.length === 0) throw new FormatError(`${file.name}: holds no parameter of the network`);
    const shapes = new Map(expected.map(({ name, type }) => [name, type.shape]));
    checkEntries({ name: file.name, entries }, shapes, { allowUnexpected: () => true });
    this.random = parameters.filter((parameter) => !expected.includes(parameter)).map(({ name }) => name);
  }

  /** First values of a parameter; undefined where the file has none. */
  read(name: string): Promise<Float32Array> | undefined {
    const own = this.#names.get(name);
    return own === undefined ? undefined : this.#file.readF32(own);
  }
}

function renamed({ name: file, entries }: TensorFile, rename: StartConfig["rename"]): ReadonlyMap<string, string> {
  const rules = rename.map(({ match, to }) => ({ match: new RegExp(match), to }));
  const names = new Map<string, string>();
  for (const own of entries.keys()) {
    const name = rules.reduce((before, { match, to }) => before.replace(match, to), own);
    const other = names.get(name);
    if (other !== undefined) {
      throw new FormatError(`${file}: ${quote(other)} and ${quote(own)} are both renamed to ${quote(name)}`);
    }
    names.set(name, own);
  }
  return names;
}
