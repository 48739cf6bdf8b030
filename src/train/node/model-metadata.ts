// What a training's weights say of their network and of how images are prepared for it.
import { networkOf, type TrainConfig } from "../config/config.ts";
import type { Dataset } from "../data/dataset.ts";
import { preprocessOf } from "../data/preprocess.ts";

/** Metadata of a weights file, as `openModelFile` reads it; without `atrous.preprocess` where no rule prepares other images alike. */
export function modelMetadata(config: TrainConfig, { recipe }: Pick<Dataset, "recipe">): Record<string, string> {
  const { network, options } = networkOf(config);
  const preprocess = preprocessOf(config.data, network.imageSize(options), recipe?.statistics);
  return {
    "atrous.network": network.name,
    "atrous.options": JSON.stringify(options),
    "atrous.labels": JSON.stringify(config.classNames),
    ...(preprocess && { "atrous.preprocess": JSON.stringify(preprocess) }),
  };
}
