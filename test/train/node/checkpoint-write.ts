// Writes a checkpoint again and again until it is killed: argv are the file and the size of its tensor.
import { saveCheckpoint } from "../../../src/train/node/checkpoint.ts";
import { buildConfig } from "../config/config.ts";

const [path, size] = [process.argv[2]!, Number(process.argv[3])];
for (let step = 0; ; step++) {
  const data = new Float32Array(size).fill(step);
  await saveCheckpoint(
    path,
    {
      step,
      epoch: 0,
      batchInEpoch: step,
      schedule: null,
      best: null,
      validationsSinceBest: 0,
      dataDigest: "",
      tensors: new Map([["weight", { shape: [size], data }]]),
    },
    buildConfig(),
  );
  if (step === 0) process.stdout.write("ready\n");
}
