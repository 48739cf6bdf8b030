// The images and labels that a configuration names.
import { UsageError } from "../../errors.ts";
import { classesOf, type TrainConfig } from "../config/config.ts";
import { type OpenedData, openDataset } from "./open-dataset.ts";

/**
 * Opens both parts of the data; `base` is the folder that paths are relative to.
 * Throws what `openDataset` throws, and UsageError where labels name a class that the network does not have.
 */
export async function openTrainData(config: TrainConfig, base: string): Promise<OpenedData> {
  const opened = await openDataset(config.data, { base });
  const classes = classesOf(config);
  if (opened.classes <= classes) return opened;
  const got = `labels of class ${opened.classes - 1}`;
  throw new UsageError(`data: got ${got}, expected classes below ${classes}, which is network.classes`);
}
