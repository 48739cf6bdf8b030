// From grey slices as a scanner gives them to class maps of the same size.
import { FormatError, UsageError } from "../errors.ts";
import type { Origin } from "../formats/source/source.ts";
import { type Gpu, requireGpu } from "../gpu/gpu.ts";
import { type CompileOptions, compile, compilingRules } from "../graph/run/compile.ts";
import type { CompiledGraph, MemoryReport } from "../graph/run/compiled-graph.ts";
import { type HeadOptions, headRules } from "../models/heads.ts";
import { type ModelFile, openModelFile } from "../models/model-file.ts";
import { type Normalization, normalize, type Preprocess } from "../models/preprocess.ts";
import { openWeights, weightsFor } from "../models/weights.ts";
import { callback, checkOptions, numbers, numeric, type Rules } from "../options.ts";
import type { SliceList } from "../slice-list.ts";
import { resampleSlice, type SliceSize } from "./resample.ts";
import { buildSegmentGraph, type SegmentGraph } from "./segment-graph.ts";

/** The size of the slices, and how their network is compiled. */
export interface SegmenterOptions
  extends SliceSize,
    Omit<CompileOptions, "parameter" | "reload" | "halfParameters">,
    HeadOptions {
  /** Slices in one run. Default 4. */
  readonly batch?: number;
}

const { halfParameters: _, ...compilingModel } = compilingRules;
const segmenterRules: Rules<SegmenterOptions> = {
  height: numeric,
  width: numeric,
  spacingMm: numbers,
  batch: numeric,
  ...headRules,
  ...compilingModel,
};

export interface SegmentOptions {
  /** Called as slices are done. */
  readonly onProgress?: (done: number, total: number) => void;
}

/** A network with its preprocessing on a device, for slices of one size. */
export class Segmenter {
  readonly file: ModelFile;
  readonly size: SliceSize;
  readonly batch: number;
  /** Rows and columns that the network sees. */
  readonly networkSize: readonly [height: number, width: number];
  readonly #normalization: Normalization;
  readonly #resampled: readonly [height: number, width: number];
  readonly #compiled: CompiledGraph;

  /** Made by {@link createSegmenter}. */
  constructor(
    file: ModelFile,
    size: SliceSize,
    batch: number,
    normalization: Normalization,
    built: SegmentGraph,
    compiled: CompiledGraph,
  ) {
    this.file = file;
    this.size = size;
    this.batch = batch;
    this.networkSize = built.padded;
    this.#normalization = normalization;
    this.#resampled = built.resampled;
    this.#compiled = compiled;
  }

  /** As `Model.restore`. A file that was passed in must still be open. */
  restore(device: GPUDevice): Promise<void> {
    return this.#compiled.restore(device);
  }

  get memory(): MemoryReport {
    return this.#compiled.memory;
  }

  /**
   * Segments slices [height, width] of any grey scale, a list of them or what makes each when asked; gives the class of each pixel,
   * the first largest logit.
   * Throws UsageError for a slice of another size or with values that are no finite numbers, DeviceError for the GPU.
   */
  async segment(slices: SliceList, options: SegmentOptions = {}): Promise<Uint8Array[]> {
    checkOptions("segment", options, { onProgress: callback });
    for (let n = 0; n < slices.length; n++) requireSlice(slices.at(n)!, n, this.size);
    const maps: Uint8Array[] = [];
    let running: Promise<Uint8Array[]> | undefined;
    for (let first = 0; first < slices.length; first += this.batch) {
      // Prepared while the device works on the batch before.
      const length = Math.min(this.batch, slices.length - first);
      const batch = Array.from({ length }, (_, n) => this.#prepare(slices.at(first + n)!));
      if (running) maps.push(...(await running));
      if (first > 0) options.onProgress?.(maps.length, slices.length);
      running = this.#run(batch);
      running.catch(() => undefined);
    }
    if (running) maps.push(...(await running));
    options.onProgress?.(maps.length, slices.length);
    return maps;
  }

  #prepare(slice: Float32Array): Float32Array {
    const { height, width } = this.size;
    const [rows, columns] = this.#resampled;
    const isResampled = rows !== height || columns !== width;
    const resampled = isResampled ? resampleSlice(slice, [height, width], this.#resampled) : slice;
    return normalize(resampled, this.#normalization);
  }

  /** Runs up to `batch` prepared slices; the last one fills the places that are left. */
  async #run(prepared: readonly Float32Array[]): Promise<Uint8Array[]> {
    const [rows, columns] = this.#resampled;
    const plane = rows * columns;
    const data = new Float32Array(this.batch * plane);
    for (let n = 0; n < this.batch; n++) data.set(prepared[Math.min(n, prepared.length - 1)]!, n * plane);
    const shape = [this.batch, 1, rows, columns];
    const { classes } = await this.#compiled.run({ slices: { shape, data } });
    const pixels = this.size.height * this.size.width;
    return prepared.map((_, n) => Uint8Array.from(classes!.data.subarray(n * pixels, (n + 1) * pixels)));
  }

  /** Frees the GPU memory, after the work that was asked for has ended. */
  dispose(): Promise<void> {
    return this.#compiled.dispose();
  }
}

/**
 * Compiles one graph for slices of a size: resampling to the training's spacing, padding, network, and back. A
 * `ModelFile` that is passed in stays open; an origin is opened and closed here.
 * Throws FormatError for the file, ShapeError for the size, UsageError for the batch, DeviceError for the GPU.
 */
export async function createSegmenter(
  gpu: Gpu,
  model: Origin | ModelFile,
  options: SegmenterOptions,
): Promise<Segmenter> {
  requireGpu("createSegmenter", gpu);
  checkOptions("createSegmenter", options, segmenterRules);
  const isOpen = typeof model === "object" && "network" in model;
  const file = isOpen ? model : await openModelFile(model);
  try {
    const { height, width, spacingMm, batch = 4, level, averageHeads, ...compiling } = options;
    if (!Number.isInteger(batch) || batch < 1 || batch > 1024) {
      throw new UsageError(`segment: batch is ${batch}, expected a whole number from 1 to 1024`);
    }
    const size = { height, width, spacingMm };
    const preprocess = requirePreprocess(file);
    const built = buildSegmentGraph(file, preprocess, size, batch, { level, averageHeads });
    const compiled = await compile(gpu, built.graph, {
      ...compiling,
      ...weightsFor(gpu, file.weights, isOpen ? undefined : () => openWeights(model)),
    });
    return new Segmenter(file, size, batch, preprocess.normalize, built, compiled);
  } finally {
    if (!isOpen) await file.weights.close();
  }
}

/** Class maps are bytes. */
const mostClasses = 256;

function requirePreprocess({ name, preprocess, options }: ModelFile): Preprocess {
  const classes = "classes" in options ? Number(options.classes) : 0;
  if (classes > mostClasses) throw new FormatError(`${name}: got ${classes} classes, expected at most ${mostClasses}`);
  if (preprocess) return preprocess;
  throw new FormatError(`${name}: metadata has no "atrous.preprocess", so how to prepare an image is unknown`);
}

function requireSlice(slice: Float32Array, n: number, { height, width }: SliceSize): void {
  if (slice.length !== height * width) {
    throw new UsageError(
      `segment: slice ${n} has ${slice.length} pixels, expected ${height * width} (${height}x${width})`,
    );
  }
  const at = slice.findIndex((value) => !Number.isFinite(value));
  if (at < 0) return;
  const [row, column] = [Math.floor(at / width), at % width];
  throw new UsageError(`segment: slice ${n} is ${slice[at]} at row ${row}, column ${column}, expected finite numbers`);
}
