// What the peaks are measured on: passes of known work, whose results are checked.
import { type PeakCopyTemplate, peakCopy, peakCopyParams } from "../shaders/peak/copy.wgsl.ts";
import { peakDispatch, peakDispatchParams, peakDispatchWorkgroup } from "../shaders/peak/dispatch.wgsl.ts";
import { type PeakFmaTemplate, peakFma, peakFmaParams, peakFmaSteps } from "../shaders/peak/fma.wgsl.ts";
import { BufferUsage, type Gpu } from "../src/gpu/gpu.ts";
import { type PreparedDispatch, prepareDispatches } from "../src/graph/run/prepare-dispatches.ts";
import { type Params, params } from "../src/ops/parameters.ts";

export interface Load {
  readonly label: string;
  /** One pass. */
  readonly dispatches: readonly PreparedDispatch[];
  /** FLOP or bytes of the pass. */
  readonly work: number;
  /** Throws Error if the last pass did not do what it should. */
  verify(): Promise<void>;
  dispose(): void;
}

const usage = BufferUsage.STORAGE | BufferUsage.COPY_SRC | BufferUsage.COPY_DST;

/** `passes`: how often the dispatch is in the pass. */
async function prepare(
  gpu: Gpu,
  kernel: { label: string; code: string; params: Params; workgroups: number; buffers: readonly GPUBuffer[] },
  passes: number,
): Promise<{ dispatches: PreparedDispatch[]; dispose: () => void }> {
  const { label, code, buffers, workgroups } = kernel;
  // All counts here are powers of two, so the grid has no rest.
  const columns = Math.min(workgroups, 32768);
  const bindings = buffers.map((_, input) => ({ input }));
  const prepared = await gpu.guard(label, () =>
    prepareDispatches(gpu, [
      {
        label,
        dispatches: [{ code, bindings, params: kernel.params, workgroups: [columns, workgroups / columns, 1] }],
        resource: (binding) => ({ buffer: buffers["input" in binding ? binding.input : binding.output]! }),
      },
    ]),
  );
  const dispatches = Array.from({ length: passes }, () => prepared.dispatches[0]!);
  return { dispatches, dispose: () => gpu.destroyBuffer(prepared.uniforms) };
}

/** How much a {@link fmaLoad} computes: powers of two. */
export interface FmaSize {
  readonly invocations: number;
  readonly rounds: number;
}

export async function fmaLoad(gpu: Gpu, template: PeakFmaTemplate, size: FmaSize): Promise<Load> {
  const { precision, width, chains, workgroup } = template;
  const label = `fma ${precision} x${width}, ${chains} chains, workgroup ${workgroup}`;
  const sums = gpu.createBuffer(size.invocations * 4, usage, label);
  const values = { rounds: size.rounds, first: 1, scale: 1, step: 1 };
  const prepared = await prepare(
    gpu,
    {
      label,
      code: peakFma(template),
      params: params(peakFmaParams, values),
      workgroups: size.invocations / workgroup,
      buffers: [sums],
    },
    1,
  );
  const expected = expectedSums(template, size.rounds);
  return {
    label,
    dispatches: prepared.dispatches,
    work: 2 * peakFmaSteps * width * chains * size.rounds * size.invocations,
    verify: () => verifyWords(gpu, sums, (i) => expected[i % 16]!),
    dispose() {
      prepared.dispose();
      gpu.destroyBuffer(sums);
    },
  };
}

/** What an invocation sums up, by its index modulo 16 (see the shader). */
function expectedSums({ width, chains }: PeakFmaTemplate, rounds: number): Uint32Array {
  const lanes = width * chains;
  return Uint32Array.from({ length: 16 }, (_, i) => {
    let sum = 0;
    for (let round = 0; round < rounds; round++) {
      sum += lanes * (1 + ((i + round) % 16) + peakFmaSteps) + (lanes * (lanes - 1)) / 2;
    }
    return sum;
  });
}

export interface CopyBuffers {
  readonly source: GPUBuffer;
  readonly target: GPUBuffer;
  dispose(): void;
}

/** Buffers of `bytes` each (a power of two); no two words of the source are the same. */
export function createCopyBuffers(gpu: Gpu, bytes: number): CopyBuffers {
  const source = gpu.createBuffer(bytes, usage, "copy: source");
  const target = gpu.createBuffer(bytes, usage, "copy: target");
  const chunk = new Uint32Array(Math.min(bytes, chunkBytes) / 4);
  for (let offset = 0; offset < bytes; offset += chunk.byteLength) {
    for (let i = 0; i < chunk.length; i++) chunk[i] = copyPattern(offset / 4 + i);
    gpu.device.queue.writeBuffer(source, offset, chunk);
  }
  return {
    source,
    target,
    dispose() {
      gpu.destroyBuffer(source);
      gpu.destroyBuffer(target);
    },
  };
}

/** An odd factor permutes the 32-bit integers. */
export function copyPattern(word: number): number {
  return Math.imul(word, 0x9e3779b1) >>> 0;
}

/** A pass of `repeats` copies of the whole source; clears the target first. */
export async function copyLoad(
  gpu: Gpu,
  template: PeakCopyTemplate,
  { source, target }: CopyBuffers,
  repeats: number,
): Promise<Load> {
  const { width, perInvocation, workgroup } = template;
  const label = `copy x${width}, ${perInvocation} per invocation, workgroup ${workgroup}`;
  const invocations = source.size / (4 * width * perInvocation);
  const prepared = await prepare(
    gpu,
    {
      label,
      code: peakCopy(template),
      params: params(peakCopyParams, { invocations }),
      workgroups: invocations / workgroup,
      buffers: [source, target],
    },
    repeats,
  );
  const encoder = gpu.device.createCommandEncoder({ label });
  encoder.clearBuffer(target);
  gpu.device.queue.submit([encoder.finish()]);
  return {
    label,
    dispatches: prepared.dispatches,
    work: 2 * source.size * repeats,
    verify: () => verifyWords(gpu, target, copyPattern),
    dispose: prepared.dispose,
  };
}

/** A pass of `count` dispatches that do next to nothing; their work is their number. */
export async function dispatchLoad(gpu: Gpu, count: number): Promise<Load> {
  const label = `${count} small dispatches`;
  const counts = gpu.createBuffer(peakDispatchWorkgroup * 4, usage, label);
  const values = params(peakDispatchParams, { amount: 1 });
  const kernel = { label, code: peakDispatch(), params: values, workgroups: 1, buffers: [counts] };
  const prepared = await prepare(gpu, kernel, count);
  return {
    label,
    dispatches: prepared.dispatches,
    work: count,
    // Every pass adds `count`; the caller ran at least one.
    async verify() {
      const [first] = new Uint32Array(await gpu.read(counts, 0, 4));
      if (!first || first % count !== 0) throw new Error(`${label}: ${first} ran, expected a multiple of ${count}`);
      await verifyWords(gpu, counts, () => first);
    },
    dispose() {
      prepared.dispose();
      gpu.destroyBuffer(counts);
    },
  };
}

const chunkBytes = 2 ** 24;

/** Compares every 32-bit word of a buffer. Throws Error naming the first that is not as expected. */
export async function verifyWords(gpu: Gpu, buffer: GPUBuffer, expected: (word: number) => number): Promise<void> {
  for (let offset = 0; offset < buffer.size; offset += chunkBytes) {
    const bytes = Math.min(chunkBytes, buffer.size - offset);
    const words = new Uint32Array(await gpu.read(buffer, offset, bytes));
    for (let i = 0; i < words.length; i++) {
      const word = offset / 4 + i;
      if (words[i] === expected(word)) continue;
      throw new Error(`${buffer.label}: word ${word} is ${words[i]}, expected ${expected(word)}`);
    }
  }
}
