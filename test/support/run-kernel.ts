// Runs one kernel on data, in buffers built to show mistakes: outputs are poisoned with NaN, sentinels lie before,
// between and behind the elements of every view, and all of them are checked afterwards.
import { BufferUsage, type Gpu } from "../../src/gpu/gpu.ts";
import { prepareDispatches } from "../../src/graph/run/prepare-dispatches.ts";
import { deviceTraits } from "../../src/ops/device-traits.ts";
import type { Call, Kernel, Operand } from "../../src/ops/operator.ts";
import { wholeView } from "../../src/ops/view.ts";
import { dataTypes, elementBytes, elementCount, type TensorData, type TensorType } from "../../src/tensor.ts";

const sentinelElements = 64;
/** NaNs that no kernel produces by itself: around outputs, around inputs, and where an output is yet to be written. */
interface Marks {
  readonly sentinel: number;
  /** Were it the sentinel, a copy from beyond into beyond would not show. */
  readonly inputGap: number;
  readonly poison: number;
}
const wideMarks: Marks = { sentinel: 0x7fc0dead, inputGap: 0x7fc0beef, poison: 0x7fc00bad };
const halfMarks: Marks = { sentinel: 0x7ead, inputGap: 0x7eef, poison: 0x7ebd };

function marksOf({ dtype }: TensorType): Marks {
  return dtype === "f16" ? halfMarks : wideMarks;
}

/** The bits of elements. */
type Bits = Uint32Array<ArrayBuffer> | Uint16Array<ArrayBuffer>;

function bits(dtype: TensorType["dtype"], elements: number): Bits {
  return dtype === "f16" ? new Uint16Array(elements) : new Uint32Array(elements);
}

/**
 * `views` lays every operand into a larger buffer with an offset and gaps between its batch items; `quad views` makes
 * these multiples of four elements where the items are, so that kernels with vector loads run on views too.
 */
export type Layout = "whole" | "views" | "quad views";

export function layOut(type: TensorType, layout: Layout, index: number): Operand {
  const whole = wholeView(type);
  if (layout === "whole") return { ...type, view: whole };
  const [offset, gap] = layout === "views" ? [5 + index, 3 + index] : [4 + 4 * index, 8 + 4 * index];
  return { ...type, view: { offset, batchStride: whole.batchStride + gap } };
}

/** Elements of the operand's buffer, an even number. */
function bufferElements({ shape, view }: Operand): number {
  const items = shape[0] ?? 1;
  const used = view.offset + (items - 1) * view.batchStride + elementCount(shape.slice(1));
  return used + (used % 2) + sentinelElements;
}

/** Calls `visit(place, element)` for each element of an operand. */
function eachElement({ shape, view }: Operand, visit: (place: number, element: number) => void): void {
  const inner = elementCount(shape.slice(1));
  for (let n = 0, element = 0; n < (shape[0] ?? 1); n++) {
    for (let i = 0; i < inner; i++, element++) visit(view.offset + n * view.batchStride + i, element);
  }
}

function scatter(operand: Operand, data: TensorData, gap: number): Bits {
  const buffer = bits(operand.dtype, bufferElements(operand)).fill(gap);
  const source = bits(operand.dtype, data.length);
  new Uint8Array(source.buffer).set(new Uint8Array(data.buffer, data.byteOffset, data.byteLength));
  eachElement(operand, (place, element) => {
    buffer[place] = source[element]!;
  });
  return buffer;
}

function gather(operand: Operand, bytes: ArrayBuffer, name: string): TensorData {
  const { sentinel, poison } = marksOf(operand);
  const rest = operand.dtype === "f16" ? new Uint16Array(bytes) : new Uint32Array(bytes);
  const result = bits(operand.dtype, elementCount(operand.shape));
  eachElement(operand, (place, element) => {
    result[element] = rest[place]!;
    rest[place] = sentinel;
  });
  const overwritten = rest.findIndex((found) => found !== sentinel);
  if (overwritten >= 0)
    throw new Error(`${name}: wrote outside of its output, at element ${overwritten} of ${rest.length}`);
  const unwritten = result.indexOf(poison);
  if (unwritten >= 0) throw new Error(`${name}: left element ${unwritten} of ${result.length} unwritten`);
  return new dataTypes[operand.dtype](result.buffer);
}

export interface KernelRun {
  readonly kernel: Kernel;
  readonly call: Call;
  readonly inputs: readonly TensorData[];
  /** The input, a state, that each output overwrites: what its buffer holds before. */
  readonly updates?: readonly number[] | undefined;
}

/** Throws Error when an element stays unwritten or anything else is written. */
export async function runKernel(gpu: Gpu, { kernel, call, inputs, updates }: KernelRun): Promise<TensorData[]> {
  const traits = deviceTraits(gpu);
  let operands = inputs.map((data, i) => ({ operand: call.inputs[i]!, data }));
  for (const pack of kernel.packs?.(call, traits) ?? []) {
    const source = operands[pack.input]!;
    const packed = await runPack(gpu, pack.operator.kernels[0]!, {
      source,
      attrs: pack.operator.attributes(pack.given),
      types: pack.operator.shape([source.operand], pack.operator.attributes(pack.given)),
    });
    operands = operands.map((operand, i) => (i === pack.input ? packed : operand));
  }
  const created: GPUBuffer[] = [];
  const upload = (words: Bits, label: string) => {
    const usage = BufferUsage.STORAGE | BufferUsage.COPY_DST | BufferUsage.COPY_SRC;
    const buffer = gpu.createBuffer(words.byteLength, usage, label);
    gpu.device.queue.writeBuffer(buffer, 0, words);
    created.push(buffer);
    return buffer;
  };
  try {
    const isInPlace = (i: number) => call.epilogue.residual === "in place" && i === operands.length - 1;
    const inputBuffers = operands.map(({ operand, data }, i) =>
      upload(scatter(operand, data, marksOf(operand)[isInPlace(i) ? "sentinel" : "inputGap"]), `input ${i}`),
    );
    // A residual in place is what the output's buffer holds before.
    const overwritten = call.epilogue.residual === "in place" ? inputBuffers.at(-1) : undefined;
    const outputBuffers = call.outputs.map((output, i) => {
      if (i === 0 && overwritten) return overwritten;
      const { poison, sentinel } = marksOf(output);
      const unwritten = bits(output.dtype, elementCount(output.shape)).fill(poison);
      const updated = updates?.[i];
      const before = updated === undefined ? unwritten : inputs[updated]!;
      return upload(scatter(output, before, sentinel), `output ${i}`);
    });
    await gpu.guard(kernel.name, async () => {
      const prepared = await prepareDispatches(gpu, [
        {
          label: kernel.name,
          dispatches: kernel.dispatches(call, traits),
          resource: (binding) => ({
            buffer: "input" in binding ? inputBuffers[binding.input]! : outputBuffers[binding.output]!,
          }),
        },
      ]);
      const encoder = gpu.device.createCommandEncoder();
      const pass = encoder.beginComputePass();
      for (const dispatch of prepared.dispatches) dispatch.encode(pass);
      pass.end();
      gpu.device.queue.submit([encoder.finish()]);
      created.push(prepared.uniforms);
    });
    const results = [];
    for (const [i, output] of call.outputs.entries()) {
      const bytes = await gpu.read(outputBuffers[i]!, 0, bufferElements(output) * elementBytes(output.dtype));
      results.push(gather(output, bytes, `${kernel.name} output ${i}`));
    }
    return results;
  } finally {
    for (const buffer of created) gpu.destroyBuffer(buffer);
  }
}

async function runPack(
  gpu: Gpu,
  kernel: Kernel,
  pack: { source: { operand: Operand; data: TensorData }; attrs: object; types: readonly TensorType[] },
): Promise<{ operand: Operand; data: TensorData }> {
  const output = layOut(pack.types[0]!, "whole", 0);
  const { operand, data } = pack.source;
  const whole = layOut(operand, "whole", 0);
  const epilogue = { bias: false, residual: false, activation: { kind: "none" } } as const;
  const call: Call = { inputs: [whole], outputs: [output], attrs: pack.attrs, epilogue };
  const [result] = await runKernel(gpu, { kernel, call, inputs: [data] });
  return { operand: output, data: result! };
}
