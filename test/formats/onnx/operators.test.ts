// Every record of the importer has a model, and every model becomes something.
import { expect, test } from "vitest";
import { operators } from "../../../src/formats/onnx/operators/index.ts";
import { onnxBecomes, operatorModels } from "./operator-models.ts";

test("every ONNX operator of the importer has a model that is imported", async () => {
  expect(Object.keys(operatorModels).sort()).toEqual(Object.keys(operators).sort());
  const becomes = await onnxBecomes();
  expect(becomes.get("Celu")).toEqual([["div", "elu", "mul"]]);
  expect(becomes.get("Conv")).toEqual([["conv2d"], ["conv3d"]]);
  expect(becomes.get("Shape")).toEqual([[]]);
});
