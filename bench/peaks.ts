// What an adapter reaches at most, measured: the limits that shares of kernels and networks are of.
//
// Several variants of each kernel run, each long enough to be timed well; what they computed is checked; the fastest is
// measured again a few times. No datasheet is asked, so a peak is what WGSL reaches through this driver.
import type { PeakCopyTemplate } from "../shaders/peak/copy.wgsl.ts";
import type { PeakFmaTemplate } from "../shaders/peak/fma.wgsl.ts";
import type { Gpu } from "../src/gpu/gpu.ts";
import { copyLoad, createCopyBuffers, dispatchLoad, type FmaSize, fmaLoad, type Load } from "./peak-loads.ts";
import type { Peaks, Precision } from "./record.ts";
import { Stopwatch } from "./stopwatch.ts";

/** A pass this long is timed well even by clocks of 100 us. */
const wantedNanoseconds = 20e6;

const measurements = 5;

/** Takes a second or two. Throws Error if a kernel computes something else than it should, DeviceError for the GPU. */
export async function measurePeaks(gpu: Gpu): Promise<Peaks> {
  const watch = new Stopwatch(gpu);
  try {
    return {
      fmaF32Gflops: await bestRate(watch, fmaVariants(gpu, "f32")),
      fmaF16Gflops: gpu.features.has("shader-f16") ? await bestRate(watch, fmaVariants(gpu, "f16")) : null,
      copyGBs: await copyBandwidth(gpu, watch),
      dispatchUs: await dispatchMicroseconds(gpu, watch),
    };
  } finally {
    watch.dispose();
  }
}

/** A kernel whose pass does `scale` times as much as its shortest one, or as much as it can. */
type Variant = (scale: number) => Promise<Load>;

/** Work per nanosecond of the fastest variant, the median of several measurements. */
async function bestRate(watch: Stopwatch, variants: readonly Variant[]): Promise<number> {
  let best: { variant: Variant; scale: number; rate: number } | undefined;
  for (const variant of variants) {
    const { scale, rate } = await grow(watch, variant);
    if (!best || rate > best.rate) best = { variant, scale, rate };
  }
  if (!best) throw new Error("peaks: no variant to measure");
  const load = await best.variant(best.scale);
  try {
    await watch.time(load.label, load.dispatches);
    const rates: number[] = [];
    for (let i = 0; i < measurements; i++) rates.push(load.work / (await watch.time(load.label, load.dispatches)));
    return median(rates);
  } finally {
    load.dispose();
  }
}

/** Lengthens a variant's pass until it can be timed well, and checks what it computed. */
async function grow(watch: Stopwatch, variant: Variant): Promise<{ scale: number; rate: number }> {
  for (let scale = 1, before = 0; ; ) {
    const load = await variant(scale);
    try {
      // Drivers compile a kernel when it first runs, inside its pass.
      if (before === 0) await watch.time(load.label, load.dispatches);
      const nanoseconds = await watch.time(load.label, load.dispatches);
      const isLongest = load.work === before;
      if (nanoseconds >= wantedNanoseconds || isLongest) {
        await load.verify();
        return { scale, rate: load.work / nanoseconds };
      }
      before = load.work;
      // Short passes are mostly overhead and promise too little: growth by steps corrects that.
      const missing = nanoseconds > 0 ? (1.25 * wantedNanoseconds) / nanoseconds : Number.POSITIVE_INFINITY;
      scale *= 2 ** Math.ceil(Math.log2(Math.min(missing, 16)));
    } finally {
      load.dispose();
    }
  }
}

/** Enough for many waves of the largest GPUs; what is more than that goes into rounds. */
const mostInvocations = 2 ** 22;
const fewestInvocations = 2 ** 12;

function fmaSize(scale: number): FmaSize {
  const invocations = Math.min(fewestInvocations * scale, mostInvocations);
  // Sums of 64 lanes stay below 2^32.
  return { invocations, rounds: Math.min((fewestInvocations * scale) / invocations, 2 ** 15) };
}

/**
 * Registers and threads to hide latency with are traded differently by every GPU. On a CPU the vector registers are the
 * limit and workgroups do not matter; compiling does.
 */
function fmaVariants(gpu: Gpu, precision: Precision): Variant[] {
  const shapes: Pick<PeakFmaTemplate, "width" | "chains">[] =
    gpu.adapter.kind === "software"
      ? [
          { width: 4, chains: 2 },
          { width: 4, chains: 4 },
        ]
      : [
          { width: 1, chains: 8 },
          { width: 1, chains: 16 },
          { width: 4, chains: 4 },
          { width: 4, chains: 8 },
          { width: 4, chains: 16 },
        ];
  return shapes.flatMap((shape) =>
    workgroups(gpu).map((workgroup) => {
      const template = { precision, ...shape, workgroup };
      return (scale: number) => fmaLoad(gpu, template, fmaSize(scale));
    }),
  );
}

function workgroups(gpu: Gpu): number[] {
  const most = gpu.limits.maxComputeInvocationsPerWorkgroup;
  return gpu.adapter.kind === "software" ? [64] : [64, 128, 256].filter((size) => size <= most);
}

async function copyBandwidth(gpu: Gpu, watch: Stopwatch): Promise<number> {
  const buffers = createCopyBuffers(gpu, copyBytes(gpu));
  const shapes: Pick<PeakCopyTemplate, "width" | "perInvocation">[] =
    gpu.adapter.kind === "software"
      ? [
          { width: 4, perInvocation: 1 },
          { width: 1, perInvocation: 4 },
        ]
      : [
          { width: 4, perInvocation: 1 },
          { width: 4, perInvocation: 4 },
          { width: 4, perInvocation: 8 },
        ];
  const variants = shapes.flatMap((shape) =>
    workgroups(gpu).map(
      (workgroup) => (scale: number) => copyLoad(gpu, { ...shape, workgroup }, buffers, Math.min(scale, 64)),
    ),
  );
  try {
    return await bestRate(watch, variants);
  } finally {
    buffers.dispose();
  }
}

/** Of each buffer: more than the caches hold, and no more than the device takes. */
function copyBytes(gpu: Gpu): number {
  const { maxStorageBufferBindingSize, maxBufferSize } = gpu.limits;
  const wanted = gpu.adapter.kind === "software" ? 2 ** 26 : 2 ** 28;
  return Math.min(wanted, 2 ** Math.floor(Math.log2(Math.min(maxStorageBufferBindingSize, maxBufferSize))));
}

/** By the difference of a pass of 200 dispatches and one of a single one. */
async function dispatchMicroseconds(gpu: Gpu, watch: Stopwatch): Promise<number> {
  const loads = [await dispatchLoad(gpu, 1), await dispatchLoad(gpu, 200)] as const;
  try {
    for (const { label, dispatches } of loads) await watch.time(label, dispatches);
    const [one, many]: [number[], number[]] = [[], []];
    for (let i = 0; i < measurements; i++) {
      one.push(await watch.time(loads[0].label, loads[0].dispatches));
      many.push(await watch.time(loads[1].label, loads[1].dispatches));
    }
    for (const load of loads) await load.verify();
    return (median(many) - median(one)) / (loads[1].work - loads[0].work) / 1000;
  } finally {
    for (const load of loads) load.dispose();
  }
}

function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)]!;
}
