// PyTorch's operator samples as `opinfo.py` writes them; its head says what the fields mean.
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { readSafetensors } from "../../src/formats/safetensors/index.ts";
import type { DType, Shape, Tensor } from "../../src/tensor.ts";

export interface TensorName {
  readonly tensor: string;
}

/** An argument that JSON has no word for. */
type Special =
  | TensorName
  | { readonly float: "inf" | "-inf" | "nan" }
  | { readonly dtype: string }
  | { readonly range: readonly (number | null)[] }
  | { readonly ellipsis: true };

export type Argument = null | boolean | number | string | Special | readonly Argument[];

export type Arguments = Readonly<Record<string, Argument>>;

export interface Sample {
  readonly op: string;
  readonly args: readonly Argument[];
  readonly kwargs: Arguments;
  readonly state?: Readonly<Record<string, TensorName>>;
  readonly attributes?: Arguments;
  readonly compare: "exact" | "sum" | "function";
  readonly outputs: readonly string[];
  readonly magnitudes?: readonly string[];
  readonly gradient?: SampleGradient;
  readonly noGradient?: string;
}

/** Names of tensors; see `opinfo.py`. */
export interface SampleGradient {
  readonly of: readonly (string | null)[];
  readonly wanted: readonly string[];
  readonly results: readonly string[];
  readonly magnitudes: readonly string[];
}

export interface RefusedSample {
  readonly op: string;
  readonly outOfScope: string;
}

export interface StoredTensor extends Tensor {
  readonly dtype: DType;
}

export interface SampleFile {
  readonly torch: string;
  readonly entries: { readonly op_db: number; readonly module_db: number };
  readonly samples: readonly (Sample | RefusedSample)[];
  readonly tensors: ReadonlyMap<string, StoredTensor>;
}

export async function readSamples(folder: string): Promise<SampleFile> {
  const document: Omit<SampleFile, "tensors"> = JSON.parse(readFileSync(join(folder, "samples.json"), "utf8"));
  const stored = await readSafetensors(readFileSync(join(folder, "samples.safetensors")));
  const tensors = new Map<string, StoredTensor>();
  for (const [name, { shape, data }] of stored.tensors) tensors.set(name, asTensor(shape, data));
  return { ...document, tensors };
}

/** PyTorch's booleans are masks here, its 64-bit integers i32. */
function asTensor(shape: Shape, data: Float32Array | Uint8Array | BigInt64Array): StoredTensor {
  if (data instanceof Float32Array) return { shape, data, dtype: "f32" };
  if (data instanceof Uint8Array) return { shape, data: Uint32Array.from(data), dtype: "u32" };
  return { shape, data: Int32Array.from(data, Number), dtype: "i32" };
}
