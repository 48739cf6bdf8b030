// Opening the MODEL argument, the same for every command.

import { existsSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { isOnnx, type ModelFile, openModelFile, type Shape, UsageError } from "../index.ts";
import type { InputShape, NetworkChoice } from "./arguments.ts";

const weightsHelp = ".safetensors file whose metadata names the network";
export const modelHelp = `.onnx file, or ${weightsHelp}`;

/** Of commands that take --network. */
export const anyModelHelp = `${modelHelp}, or .pth file with --network`;

/**
 * Opens a weights file by its path or URL, and a checkpoint with the network that is chosen for it.
 * Throws FormatError, and UsageError for an ONNX model.
 */
export async function openModel(path: string, { network, options }: NetworkChoice = {}): Promise<ModelFile> {
  if (await isOnnx(path)) throw new UsageError(`${path}: is an ONNX model, expected a ${weightsHelp}`);
  return openModelFile(path, { network, options });
}

/** `--shape` of a network that has one input; by default one image of 512x512, or volume of 64x64x64. Throws UsageError for a name. */
export function imageShape(file: ModelFile, [given, another]: readonly InputShape[]): Shape {
  const { network, options } = file;
  const byDefault = [1, options.inChannels, ...(network.dimensions === 2 ? [512, 512] : [64, 64, 64])];
  if (another || given?.name !== undefined)
    throw new UsageError(`--shape: this network has one input, expected ${byDefault.join(",")}`);
  return given?.shape ?? byDefault;
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
