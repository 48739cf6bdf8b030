// The demo page: an image and weights in, an overlay and times out, all through the public API.
import { createSegmenter, extractSlice, type Gpu, openGpu, readNifti, readPng, sliceAxes } from "../index.ts";

const sample = "sample/synthetic-lumbar-phantom.nii.gz";
const smallWeights = "msff-resnet18-lumbar-small.safetensors";
const colors = [
  [0, 0, 0],
  [255, 176, 0],
  [0, 158, 115],
  [86, 180, 233],
  [213, 94, 0],
  [204, 121, 167],
] as const;
const overlayAlpha = 0.45;

interface Picture {
  readonly width: number;
  readonly height: number;
  readonly spacingMm: readonly [number, number];
  readonly slices: readonly Float32Array[];
}

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

/** Segments what is chosen; a click while one is running waits for it. */
function segment(): void {
  last = last.then(async () => {
    element("error").hidden = true;
    try {
      result = await segmentChosen();
      showResult();
    } catch (error) {
      element("status").textContent = "";
      element("error").textContent = error instanceof Error ? error.message : String(error);
      element("error").hidden = false;
    }
  });
}

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
  const picture = await timed("Reading the image", () => readPicture(imageInput.files?.[0]));
  const segmenter = await timed("Loading weights and compiling", () =>
    createSegmenter(device, weightsInput.files?.[0] ?? smallWeights, picture),
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

async function readPicture(file: File | undefined): Promise<Picture> {
  const name = file?.name ?? sample;
  const bytes = new Uint8Array(await (file ?? (await fetch(sample))).arrayBuffer());
  if (/\.png$/i.test(name)) {
    const { width, height, data } = readPng(bytes, name);
    return { width, height, slices: [data], spacingMm: [1, 1] };
  }
  const volume = await readNifti(bytes, name);
  const { axis } = sliceAxes(volume.affine).right;
  const slices = Array.from({ length: volume.shape[axis] }, (_, n) => extractSlice(volume, axis, n));
  const { width, height, spacingMm } = slices[0]!;
  return { width, height, spacingMm, slices: slices.map(({ data }) => data) };
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

const colorOf = (value: number) => colors[((value - 1) % (colors.length - 1)) + 1]!;

function drawSlice(): void {
  if (!result) return;
  const n = Number(sliceInput.value);
  const { width, height, spacingMm } = result;
  const canvas = element<HTMLCanvasElement>("view");
  canvas.width = width;
  canvas.height = height;
  canvas.style.aspectRatio = `${width * spacingMm[1]} / ${height * spacingMm[0]}`;
  const pixels = new ImageData(width, height);
  const grey = result.slices[n]!;
  const map = result.maps[n]!;
  const [low, high] = [quantile(grey, 0.01), quantile(grey, 0.99)];
  grey.forEach((value, i) => {
    const shade = Math.max(0, Math.min(255, ((value - low) / (high - low || 1)) * 255));
    const color = colorOf(map[i]!);
    const alpha = map[i] === 0 ? 0 : overlayAlpha;
    const rgb = color.map((channel) => shade * (1 - alpha) + channel * alpha);
    pixels.data.set([...rgb, 255], i * 4);
  });
  canvas.getContext("2d")!.putImageData(pixels, 0, 0);
}

function quantile(values: Float32Array, q: number): number {
  return values.toSorted()[Math.round((values.length - 1) * q)]!;
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
segment();
