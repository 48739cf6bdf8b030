// `atrous convert`: a checkpoint of PyTorch becomes a model file that names its network.

import type { Command } from "commander";
import { unusedTensors, type WriteModelOptions, writeModelFile } from "../index.ts";
import { writeFileAtomic } from "../node.ts";
import { type NetworkChoice, networkOption, networkOptionsOption, parseObject } from "./arguments.ts";
import { openModel } from "./model.ts";
import { requireNewFile } from "./output.ts";
import type { GlobalOptions, Session } from "./session.ts";
import { nameSome } from "./table.ts";

interface ConvertOptions extends GlobalOptions, NetworkChoice, WriteModelOptions {
  readonly force: boolean;
}

export function addConvert(program: Command, session: Session): void {
  program
    .command("convert")
    .description("Write a PyTorch checkpoint as a model file that names its network. Needs no GPU and no Python.")
    .argument("<IN>", ".pt or .pth file that torch.save wrote, or a .safetensors file that names no network")
    .argument("<OUT>", ".safetensors file to write")
    .addOption(networkOption().makeOptionMandatory())
    .addOption(networkOptionsOption())
    .option("--labels <names>", "names of the classes, background first, with commas", (text) => text.split(","))
    .option(
      "--preprocess <json>",
      'how images are prepared, as {"spacingMm":1,"normalize":"z-score"}: segment needs it',
      parseObject,
    )
    .option("--force", "replace a file that is read-only, another user's, or a broken link", false)
    .addHelpText(
      "after",
      `
Nothing in the checkpoint is executed. Tensors are found at its top, under a
usual key such as state_dict or model, or in the modules of a whole model; the
prefixes module. and _orig_mod. go. They keep their types. What the network
does not have is left out and listed; what it lacks is an error.

Examples:
  $ atrous convert unet.pth unet.safetensors --network unet
      --options '{"inChannels":3,"classes":1}'`,
    )
    .action(async (input: string, output: string, _, command: Command) => {
      const { network, options, labels, preprocess, force } = command.optsWithGlobals<ConvertOptions>();
      await requireNewFile(output, [input], force);
      const file = await openModel(input, { network, options });
      try {
        await writeFileAtomic(output, await writeModelFile(file, { labels, preprocess }), { force });
        const unused = unusedTensors(file);
        const kept = file.weights.entries.size - unused.length;
        session.note(`${output}: ${kept} tensors of ${file.network.name}`);
        if (unused.length > 0) session.note(`left out, as the network does not have them: ${nameSome(unused)}`);
      } finally {
        await file.weights.close();
      }
    });
}
