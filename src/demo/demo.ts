// The demo page: an image and weights in, an overlay and times out, all through the public API.
import { createSegmenter, type Gpu, openGpu } from "../index.ts";
import { fineTune } from "./fine-tune.ts";
import { colorOf, drawOverlay, type Picture, readPicture, sample } from "./picture.ts";

interface Result extends Picture {
  readonly maps: readonly Uint8Array[];
  readonly labels: readonly string[];
}

const element = <T extends HTMLElement>(id: string): T => document.getElementById(id) as T;
const imageInput = element<HTMLInputElement>("image");
const weightsInput = element<HTMLInputElement>("weights");
const sliceInput = element<HTMLInputElement>("slice");

let gpu: Gpu | undefined;
let result: Result | undefined;
let last: Promise<void> = Promise.resolve();

/** Work that is asked for while other work is running waits for it; what it throws is shown. */
function inTurn(statusId: string, work: () => Promise<void>): void {
  last = last.then(async () => {
    element("error").hidden = true;
    try {
      await work();
    } catch (error) {
      element(statusId).textContent = "";
      element("error").textContent = error instanceof Error ? error.message : String(error);
      element("error").hidden = false;
    }
  });
}

/** Segments what is chosen. */
function segment(): void {
  inTurn("status", async () => {
    result = await segmentChosen();
    showResult();
  });
}

function startFineTune(): void {
  const button = element<HTMLButtonElement>("fine-tune");
  button.disabled = true;
  inTurn("fine-tune-status", async () => {
    try {
      gpu ??= await openGpu();
      element("fine-tune-result").hidden = false;
      const scores = [element("before-score"), element("after-score")] as const;
      const canvases = { curve: canvas("loss"), before: canvas("before"), after: canvas("after") };
      await fineTune(gpu, { status: element("fine-tune-status"), ...canvases, scores });
    } finally {
      button.disabled = false;
    }
  });
}

const canvas = (id: string) => element<HTMLCanvasElement>(id);

async function segmentChosen(): Promise<Result> {
  const times: [string, number][] = [];
  const timed = async <T>(name: string, work: () => Promise<T>): Promise<T> => {
    element("status").textContent = `${name} ...`;
    const start = performance.now();
    const value = await work();
    times.push([name, performance.now() - start]);
    return value;
  };
  gpu ??= await timed("Opening the GPU", () => openGpu());
  const device = gpu;
  const picture = await timed("Reading the image", () => readPicture(sample.image, imageInput.files?.[0]));
  const { height, width, spacingMm } = picture;
  const segmenter = await timed("Loading weights and compiling", () =>
    createSegmenter(device, weightsInput.files?.[0] ?? sample.weights, { height, width, spacingMm }),
  );
  try {
    const { slices } = picture;
    const maps = await timed(`Segmenting ${slices.length} slices`, () => segmenter.segment(slices));
    element("status").textContent = `Done on ${device.adapter.driver}`;
    showTimes(times);
    return { ...picture, maps, labels: segmenter.file.labels ?? [] };
  } finally {
    await segmenter.dispose();
  }
}

function showResult(): void {
  if (!result) return;
  const count = result.slices.length;
  sliceInput.max = String(count - 1);
  sliceInput.value = String(Math.floor(count / 2));
  sliceInput.disabled = count === 1;
  const used = [...new Set(result.maps.flatMap((map) => [...new Set(map)]))].filter((value) => value > 0).sort();
  element("legend").replaceChildren(
    ...used.map((value) => {
      const entry = document.createElement("span");
      const swatch = document.createElement("span");
      swatch.className = "swatch";
      swatch.style.background = `rgb(${colorOf(value).join(" ")})`;
      entry.append(swatch, result!.labels[value] ?? `class ${value}`);
      return entry;
    }),
  );
  drawSlice();
}

function drawSlice(): void {
  if (!result) return;
  const n = Number(sliceInput.value);
  drawOverlay(element("view"), result, result.slices[n]!, result.maps[n]!);
}

function showTimes(times: readonly (readonly [string, number])[]): void {
  element("timing").replaceChildren(
    ...times.map(([name, milliseconds]) => {
      const row = document.createElement("tr");
      for (const text of [name, `${milliseconds.toFixed(0)} ms`])
        row.append(Object.assign(document.createElement("td"), { textContent: text }));
      return row;
    }),
  );
}

imageInput.addEventListener("change", segment);
weightsInput.addEventListener("change", segment);
sliceInput.addEventListener("input", drawSlice);
element("fine-tune").addEventListener("click", startFineTune);
segment();
