// A configuration of a training, complete in what has no default.
import { parseTrainConfig, type TrainConfig, type TrainConfigInput } from "../../../src/train/config/config.ts";

export const data = {
  sources: [
    { images: "*_img.png", labels: "*_lab.png", subject: "^(.*)_\\d+_img", classes: { "0": 0, "1-5": 1, "6": 2 } },
  ],
  size: [32, 32],
} satisfies TrainConfigInput["data"];

export function buildConfig(given: Omit<TrainConfigInput, "data"> = {}): TrainConfig {
  return parseTrainConfig({ data, ...given }, "CONFIG.json");
}
