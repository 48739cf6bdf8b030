// Reading CONFIG.json from disk, which may have comments: they become spaces, so that places in messages stay the same.
import stripJsonComments from "strip-json-comments";
import { FormatError } from "../../errors.ts";
import { readText } from "../../formats/source/text.ts";
import { parseTrainConfig, type TrainConfig } from "../config/config.ts";

/** Throws FormatError for a file that cannot be read, is no JSON, or has wrong keys. */
export async function readTrainConfig(path: string): Promise<TrainConfig> {
  const text = await readText(path);
  let json: unknown;
  try {
    json = JSON.parse(stripJsonComments(text));
  } catch (error) {
    throw new FormatError(`${path}: no JSON: ${error instanceof Error ? error.message : error}`);
  }
  return parseTrainConfig(json, path);
}
