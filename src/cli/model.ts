// Opening the MODEL argument, the same for every command.

import { existsSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { isOnnx, type ModelFile, openModelFile, UsageError } from "../index.ts";

export const weightsHelp = ".safetensors file whose metadata names the network";
export const modelHelp = `.onnx file, or ${weightsHelp}`;

/** Opens a weights file by its path or URL. Throws FormatError, and UsageError for an ONNX model. */
export async function openModel(path: string): Promise<ModelFile> {
  if (await isOnnx(path)) throw new UsageError(`${path}: is an ONNX model, expected a ${weightsHelp}`);
  return openModelFile(path);
}

const defaultModel = "weights/msff-resnet18-lumbar-small.safetensors";

/** The model that this package brings. Throws UsageError where it is not there. */
export function defaultModelPath(): string {
  const path = packagePath(defaultModel);
  if (!existsSync(path)) throw new UsageError(`${path}: the default model is not there, expected --model`);
  return path;
}

/** Where a file of this package is. Throws UsageError where the package's folder is not found. */
export function packagePath(name: string): string {
  let folder = dirname(fileURLToPath(import.meta.url));
  while (!isPackageRoot(folder)) {
    const parent = dirname(folder);
    if (parent === folder) throw new UsageError(`${name}: this package's folder was not found`);
    folder = parent;
  }
  return join(folder, name);
}

function isPackageRoot(folder: string): boolean {
  try {
    return JSON.parse(readFileSync(join(folder, "package.json"), "utf8")).name === "atrous";
  } catch {
    return false;
  }
}
