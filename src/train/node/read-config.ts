// Reading CONFIG.json from disk.
import { readFile } from "node:fs/promises";
import { FormatError } from "../../errors.ts";
import { parseTrainConfig, type TrainConfig } from "../config/config.ts";

/** Throws FormatError for a file that cannot be read, is no JSON, or has wrong keys. */
export async function readTrainConfig(path: string): Promise<TrainConfig> {
  const text = await readFile(path, "utf8").catch((error: NodeJS.ErrnoException) => {
    throw new FormatError(`${path}: cannot be read: ${error.code ?? error.message}`);
  });
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch (error) {
    throw new FormatError(`${path}: no JSON: ${error instanceof Error ? error.message : error}`);
  }
  return parseTrainConfig(json, path);
}
