// Twenty steps of training on the sample's middle slice, with its loss and the segmentation before and after.
import {
  adam,
  compileTrainStep,
  createSegmenter,
  crossEntropyLoss,
  type Gpu,
  GraphBuilder,
  type ModelFile,
  type Origin,
  openModelFile,
  type Tensor,
  type TrainStep,
  writeSafetensors,
} from "../index.ts";
import { drawCurve } from "./curve.ts";
import { drawOverlay, type Picture, readPicture, sample } from "./picture.ts";

const steps = 20;
const rate = 1e-3;
/** Norms keep their statistics: one slice says little about others. */
const norms = /\b(bn\d*|downsample\.1)\.(weight|bias)$/;

interface View {
  readonly status: HTMLElement;
  readonly curve: HTMLCanvasElement;
  readonly before: HTMLCanvasElement;
  readonly after: HTMLCanvasElement;
  readonly scores: readonly [before: HTMLElement, after: HTMLElement];
}

/** Trains the shipped network on; nothing is kept. Rejects with what loading and training throw. */
export async function fineTune(gpu: Gpu, view: View): Promise<void> {
  const say = (text: string) => {
    view.status.textContent = text;
  };
  say("Reading the sample ...");
  for (const score of view.scores) score.textContent = "...";
  const [picture, truth] = await Promise.all([readPicture(sample.image), readPicture(sample.truth)]);
  const n = Math.floor(picture.slices.length / 2);
  const slice: Picture = { ...picture, slices: [picture.slices[n]!] };
  // The network knows the first of the sample's classes, vertebral bodies.
  const labels = Uint32Array.from(truth.slices[n]!, (label) => (label === 1 ? 1 : 0));
  const show = async (model: Origin, canvas: HTMLCanvasElement, score: HTMLElement) => {
    const map = await segment(gpu, model, slice);
    drawOverlay(canvas, slice, slice.slices[0]!, map);
    score.textContent = `DSC ${dice(map, labels).toFixed(3)}`;
  };
  await show(sample.weights, view.before, view.scores[0]);

  const file = await openModelFile(sample.weights);
  say("Compiling the step of training ...");
  const step = await openStep(gpu, file, slice);
  try {
    const inputs = { image: imageOf(slice, file.options.inChannels), labels: labelsOf(slice, labels) };
    const losses: number[] = [];
    for (let i = 0; i < steps; i++) {
      const { loss } = await step.run(inputs, rate);
      losses.push(loss);
      drawCurve(view.curve, losses, steps);
      say(`Step ${i + 1} of ${steps}: loss ${loss.toFixed(4)}`);
    }
    await show(await trainedFile(file, step), view.after, view.scores[1]);
    say(`Done: loss ${losses[0]!.toFixed(4)} at the first step, ${losses.at(-1)!.toFixed(4)} at step ${steps}`);
  } finally {
    await step.dispose();
    await file.weights.close();
  }
}

async function openStep(gpu: Gpu, file: ModelFile, { width, height }: Picture): Promise<TrainStep> {
  const b = new GraphBuilder();
  const image = b.input("image", [1, file.options.inChannels, height, width]);
  const labels = b.input("labels", [1, height, width], "u32");
  b.output("loss", crossEntropyLoss(b, file.network.build(b, image, file.options).logits, labels));
  return compileTrainStep(gpu, b.build(), {
    optimizer: adam(),
    groups: [{ match: norms, frozen: true }],
    parameter: (name) => file.weights.readF32(name),
  });
}

async function segment(gpu: Gpu, model: Origin, slice: Picture): Promise<Uint8Array> {
  const { height, width, spacingMm } = slice;
  const segmenter = await createSegmenter(gpu, model, { height, width, spacingMm, batch: 1 });
  try {
    const [map] = await segmenter.segment(slice.slices);
    return map!;
  } finally {
    await segmenter.dispose();
  }
}

/** The slice's z-scores in every channel. */
function imageOf({ slices, width, height }: Picture, channels: number): Tensor {
  const grey = slices[0]!;
  const mean = grey.reduce((sum, value) => sum + value, 0) / grey.length;
  const deviation = Math.sqrt(grey.reduce((sum, value) => sum + (value - mean) ** 2, 0) / grey.length);
  const data = Float32Array.from({ length: channels * grey.length }, (_, i) => {
    return (grey[i % grey.length]! - mean) / deviation;
  });
  return { shape: [1, channels, height, width], data };
}

function labelsOf({ width, height }: Picture, labels: Uint32Array): Tensor {
  return { shape: [1, height, width], data: labels };
}

/** The weights file with what was trained, and what was not. */
async function trainedFile({ weights }: ModelFile, step: TrainStep): Promise<Uint8Array> {
  const trained = await step.parameters();
  const tensors = [...weights.entries].map(async ([name, { shape }]) => {
    const data = trained.get(name)?.data;
    return [name, { shape, data: data instanceof Float32Array ? data : await weights.readF32(name) }] as const;
  });
  return writeSafetensors(new Map(await Promise.all(tensors)), weights.metadata);
}

/** 2 |A and B| / (|A| + |B|) of class 1. */
function dice(map: Uint8Array, labels: Uint32Array): number {
  let [both, sum] = [0, 0];
  map.forEach((label, i) => {
    both += label === 1 && labels[i] === 1 ? 1 : 0;
    sum += (label === 1 ? 1 : 0) + labels[i]!;
  });
  return sum === 0 ? 1 : (2 * both) / sum;
}
