// One cold start, in a process of its own: loads a model from a file, runs it once, and says how long that took since the
// process began. `bench/start.ts` starts it.
import { readFileSync, writeFileSync } from "node:fs";
import type { StartAnswer, StartRequest } from "./start.ts";

const request: StartRequest = JSON.parse(process.argv[2]!);
const bytes = readFileSync(request.image);
const image = new Float32Array(bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.byteLength));
const { logits, phases } = request.engine === "atrous" ? await runAtrous() : await runOnnxRuntime();
// Time 0 is the start of the process.
const answer: StartAnswer = { firstResultMs: performance.now(), ...(phases && { phases }) };
writeFileSync(request.logits, logits);
console.log(JSON.stringify(answer));

interface Result {
  readonly logits: Float32Array;
  readonly phases?: Readonly<Record<string, number>>;
}

async function runAtrous(): Promise<Result> {
  const { openGpu } = await import("../src/gpu/node.ts");
  const { loadModel } = await import("../src/models/load.ts");
  const gpu = await openGpu({ adapter: request.adapter });
  const openMs = performance.now();
  const model = await loadModel(gpu, request.model, { shape: request.shape });
  const before = performance.now();
  const { logits } = await model.run({ image: { shape: request.shape, data: image } });
  const firstRunMs = performance.now() - before;
  if (!(logits?.data instanceof Float32Array)) throw new Error("logits are not f32");
  return { logits: logits.data, phases: { openMs, ...model.startup, firstRunMs } };
}

async function runOnnxRuntime(): Promise<Result> {
  const { InferenceSession, Tensor } = await import("onnxruntime-node");
  const session = await InferenceSession.create(request.model, {
    executionProviders: ["webgpu"],
    extra: { session: { disable_cpu_ep_fallback: "1" } },
    logSeverityLevel: 3,
  });
  const [input] = session.inputNames;
  const [output] = session.outputNames;
  const results = await session.run({ [input!]: new Tensor("float32", image, request.shape) });
  const { data } = results[output!]!;
  if (!(data instanceof Float32Array)) throw new Error("logits are not f32");
  return { logits: data };
}
