// A file's tensors as the parameters of a graph.
import type { SafetensorsFile } from "../formats/safetensors/index.ts";
import type { Gpu } from "../gpu/gpu.ts";
import type { CompileOptions } from "../graph/compile.ts";

/** What `compile` asks of weights. Tensors of F16 go to the device as they are where it has `shader-f16`. */
export function weightsFor(gpu: Gpu, file: SafetensorsFile): Pick<CompileOptions, "parameter" | "halfParameters"> {
  const isHalf = ({ dtype }: { dtype: string }) => dtype === "F16" && gpu.features.has("shader-f16");
  const halfParameters = new Set([...file.entries.values()].filter(isHalf).map(({ name }) => name));
  return {
    halfParameters,
    parameter: async (name) => {
      if (!halfParameters.has(name)) return file.readF32(name);
      const bytes = await file.readRaw(name);
      return new Uint16Array(bytes.buffer, bytes.byteOffset, bytes.byteLength / 2);
    },
  };
}
