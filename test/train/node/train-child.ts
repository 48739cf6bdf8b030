// Trains in a process of its own: argv are the configuration and the number of workers. Goes on where a checkpoint is there;
// writes a line for each event.
import { existsSync } from "node:fs";
import { dirname, join } from "node:path";
import { openGpu } from "../../../src/node.ts";
import { readTrainConfig, train } from "../../../src/train/index.ts";

const [path, workers] = [process.argv[2]!, Number(process.argv[3])];
const base = dirname(path);
const config = { ...(await readTrainConfig(path)), workers };
const gpu = await openGpu({ adapter: process.env.ATROUS_TEST_ADAPTER ?? "auto" });
const resume = existsSync(join(base, config.output, "last.safetensors"));
const { reason } = await train(gpu, config, {
  base,
  resume,
  onEvent: ({ kind }) => void process.stdout.write(`${kind}\n`),
});
await gpu.dispose();
process.stdout.write(`${reason}\n`);
