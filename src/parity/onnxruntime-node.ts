// ONNX Runtime on the CPU as the reference of ONNX models, for Node only. The package `onnxruntime-node` is optional.

import { dirname, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import type { Tensor as EngineTensor } from "onnxruntime-node";
import { FormatError, UsageError } from "../errors.ts";
import type { Origin } from "../formats/source/source.ts";
import { f16ToF32, f32ToF16 } from "../half.ts";
import { loadPackage } from "../package.ts";
import type { Tensor } from "../tensor.ts";
import type { ReferenceEngine, ReferenceTensor } from "./reference.ts";

/**
 * Operators are run one by one as the file has them: nothing is fused, so that every value exists.
 * Throws UsageError where the package is not installed.
 */
export async function onnxRuntime(): Promise<ReferenceEngine> {
  const ort = await loadPackage("onnxruntime-node", () => import("onnxruntime-node"));

  async function createSession({ bytes, origin }: { bytes: Uint8Array; origin: Origin }) {
    const folder = folderOf(origin);
    const session = folder === undefined ? {} : { model_external_initializers_file_folder_path: folder };
    return ort.InferenceSession.create(bytes, {
      executionProviders: ["cpu"],
      graphOptimizationLevel: "disabled",
      logSeverityLevel: 3,
      extra: { session },
    });
  }
  return {
    name: `ONNX Runtime ${ort.env.versions.node ?? ort.env.versions.common}`,
    async run(model, inputs) {
      const saying = <T>(work: Promise<T>) => work.catch((error: unknown) => fail(model.name, error));
      const session = await saying(createSession(model));
      try {
        const feeds = session.inputMetadata.map((input) => {
          const given = Object.hasOwn(inputs, input.name) ? inputs[input.name] : undefined;
          if (!given) throw new UsageError(`${model.name}: input ${JSON.stringify(input.name)} has no values`);
          if (!input.isTensor) throw new UsageError(`${model.name}: input ${JSON.stringify(input.name)} is no tensor`);
          return [input.name, new ort.Tensor(input.type, elementsFor(input.type, given), given.shape)] as const;
        });
        const results = await saying(session.run(Object.fromEntries(feeds)));
        return Object.fromEntries(Object.entries(results).map(([name, tensor]) => [name, toReference(tensor)]));
      } finally {
        await session.release();
      }
    },
  };
}

/** Where external data lies: beside the model's file. */
function folderOf(origin: Origin): string | undefined {
  if (typeof origin !== "string" && !(origin instanceof URL)) return undefined;
  const text = String(origin);
  if (/^(https?|blob|data):/i.test(text)) return undefined;
  return dirname(/^file:/i.test(text) ? fileURLToPath(text) : resolve(text));
}

function elementsFor(type: EngineTensor.Type, { data }: Tensor): EngineTensor.DataType | readonly number[] {
  switch (type) {
    case "float16":
      return f32ToF16(Float32Array.from(data));
    case "int64":
      return BigInt64Array.from(data, BigInt);
    case "uint64":
      return BigUint64Array.from(data, BigInt);
    case "bool":
      return Uint8Array.from(data);
    default:
      return Array.from(data);
  }
}

function toReference({ data, dims, type }: EngineTensor): ReferenceTensor {
  // Without Float16Array halves are given by their bits.
  if (type === "float16" && data instanceof Uint16Array) return { shape: dims, data: f16ToF32(data) };
  if (data instanceof Float32Array) return { shape: dims, data };
  return { shape: dims, data: Float32Array.from(data as Iterable<number>, Number) };
}

function fail(file: string, error: unknown): never {
  const message = error instanceof Error ? error.message : String(error);
  throw new FormatError(`${file}: ONNX Runtime does not run it: ${message}`, { cause: error });
}
