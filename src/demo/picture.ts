// Grey slices and class maps as the demo pages draw them.
import { extractSlice, readNifti, readPng, sliceAxes } from "../index.ts";

export const sample = {
  image: "sample/synthetic-lumbar-phantom.nii.gz",
  truth: "sample/synthetic-lumbar-phantom-truth.nii.gz",
  weights: "msff-resnet18-lumbar-small.safetensors",
} as const;

const colors = [
  [0, 0, 0],
  [255, 176, 0],
  [0, 158, 115],
  [86, 180, 233],
  [213, 94, 0],
  [204, 121, 167],
] as const;
const overlayAlpha = 0.45;

export interface Picture {
  readonly width: number;
  readonly height: number;
  readonly spacingMm: readonly [number, number];
  readonly slices: readonly Float32Array[];
}

/** The sagittal slices of a volume, or a PNG; by default those of a file that is served beside the page. */
export async function readPicture(path: string, file?: File): Promise<Picture> {
  const name = file?.name ?? path;
  const bytes = new Uint8Array(await (file ?? (await fetch(path))).arrayBuffer());
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

export const colorOf = (value: number) => colors[((value - 1) % (colors.length - 1)) + 1]!;

/** One slice under the colours of its classes. */
export function drawOverlay(canvas: HTMLCanvasElement, picture: Picture, grey: Float32Array, map: Uint8Array): void {
  const { width, height, spacingMm } = picture;
  canvas.width = width;
  canvas.height = height;
  canvas.style.aspectRatio = `${width * spacingMm[1]} / ${height * spacingMm[0]}`;
  const pixels = new ImageData(width, height);
  const [low, high] = [quantile(grey, 0.01), quantile(grey, 0.99)];
  grey.forEach((value, i) => {
    const shade = Math.max(0, Math.min(255, ((value - low) / (high - low || 1)) * 255));
    const alpha = map[i] === 0 ? 0 : overlayAlpha;
    const rgb = colorOf(map[i]!).map((channel) => shade * (1 - alpha) + channel * alpha);
    pixels.data.set([...rgb, 255], i * 4);
  });
  canvas.getContext("2d")!.putImageData(pixels, 0, 0);
}

function quantile(values: Float32Array, q: number): number {
  return values.toSorted()[Math.round((values.length - 1) * q)]!;
}
