import { importOnnx } from "../../src/formats/onnx/index.ts";
import type { HostileFormat } from "./format.ts";
import { onnxModels, onnxOptions } from "./onnx-models.ts";
import { damageField } from "./protobuf.ts";

export const onnx: HostileFormat = {
  name: "ONNX",
  good: onnxModels,
  changes: [damageField, damageField, damageField, (file, random) => damageField(damageField(file, random), random)],
  async read(file) {
    const model = await importOnnx(file, onnxOptions);
    for (const { name } of model.graph.parameters) await model.weights.readF32(name);
  },
};
