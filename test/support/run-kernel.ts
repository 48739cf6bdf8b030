// Runs one kernel on data, in buffers built to show mistakes: outputs are poisoned with NaN, sentinels lie before,
// between and behind the elements of every view, and all of them are checked afterwards.
import { BufferUsage, type Gpu } from "../../src/gpu/gpu.ts";
import { prepareDispatches } from "../../src/graph/dispatch.ts";
import { type Call, deviceTraits, type Kernel, type Operand, wholeView } from "../../src/ops/operator.ts";
import { elementCount, type TensorData, type TensorType } from "../../src/tensor.ts";

const sentinelWords = 64;
const sentinel = 0x7fc0dead; // a NaN that no kernel produces by itself
const inputGap = 0x7fc0beef; // another NaN: were it the sentinel, a copy from beyond into beyond would not show
const poison = 0x7fc00bad;

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

function bufferWords({ shape, view }: Operand): number {
  const items = shape[0] ?? 1;
  return view.offset + (items - 1) * view.batchStride + elementCount(shape.slice(1)) + sentinelWords;
}

/** Calls `visit(word, element)` for each element of an operand. */
function eachElement({ shape, view }: Operand, visit: (word: number, element: number) => void): void {
  const inner = elementCount(shape.slice(1));
  for (let n = 0, element = 0; n < (shape[0] ?? 1); n++) {
    for (let i = 0; i < inner; i++, element++) visit(view.offset + n * view.batchStride + i, element);
  }
}

function scatter(operand: Operand, data: TensorData, gap: number): Uint32Array<ArrayBuffer> {
  const words = new Uint32Array(bufferWords(operand)).fill(gap);
  const source = new Uint32Array(data.buffer, data.byteOffset, data.length);
  eachElement(operand, (word, element) => {
    words[word] = source[element]!;
  });
  return words;
}

function gather(operand: Operand, words: Uint32Array, name: string): TensorData {
  const rest = new Uint32Array(words);
  const result = new Uint32Array(elementCount(operand.shape));
  eachElement(operand, (word, element) => {
    result[element] = words[word]!;
    rest[word] = sentinel;
  });
  const overwritten = rest.findIndex((word) => word !== sentinel);
  if (overwritten >= 0)
    throw new Error(`${name}: wrote outside of its output, at word ${overwritten} of ${words.length}`);
  const unwritten = result.indexOf(poison);
  if (unwritten >= 0) throw new Error(`${name}: left element ${unwritten} of ${result.length} unwritten`);
  if (operand.dtype === "f32") return new Float32Array(result.buffer);
  return operand.dtype === "i32" ? new Int32Array(result.buffer) : result;
}

export interface KernelRun {
  readonly kernel: Kernel;
  readonly call: Call;
  readonly inputs: readonly TensorData[];
}

/** Throws Error when an element stays unwritten or anything else is written. */
export async function runKernel(gpu: Gpu, { kernel, call, inputs }: KernelRun): Promise<TensorData[]> {
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
  const upload = (words: Uint32Array<ArrayBuffer>, label: string) => {
    const usage = BufferUsage.STORAGE | BufferUsage.COPY_DST | BufferUsage.COPY_SRC;
    const buffer = gpu.createBuffer(words.byteLength, usage, label);
    gpu.device.queue.writeBuffer(buffer, 0, words);
    created.push(buffer);
    return buffer;
  };
  try {
    const isInPlace = (i: number) => call.epilogue.residual === "in place" && i === operands.length - 1;
    const inputBuffers = operands.map(({ operand, data }, i) =>
      upload(scatter(operand, data, isInPlace(i) ? sentinel : inputGap), `input ${i}`),
    );
    // A residual in place is what the output's buffer holds before.
    const overwritten = call.epilogue.residual === "in place" ? inputBuffers.at(-1) : undefined;
    const outputBuffers = call.outputs.map((output, i) =>
      i === 0 && overwritten
        ? overwritten
        : upload(scatter(output, new Uint32Array(elementCount(output.shape)).fill(poison), sentinel), `output ${i}`),
    );
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
      const bytes = await gpu.read(outputBuffers[i]!, 0, bufferWords(output) * 4);
      results.push(gather(output, new Uint32Array(bytes), `${kernel.name} output ${i}`));
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
