// Buffers from which the host reads what a run has computed.
import { BufferUsage, type Gpu } from "../../gpu/gpu.ts";
import { MapMode } from "../../gpu/usage.ts";
import { byteLength, dataTypes, elementCount, type Tensor, type TensorData, type TensorType } from "../../tensor.ts";

/** One for each output, made when a run first needs it and kept; for one run at a time. */
export class Readback {
  readonly #gpu: Gpu;
  readonly #buffers = new Map<string, GPUBuffer>();

  constructor(gpu: Gpu) {
    this.#gpu = gpu;
  }

  /** Where an output goes. */
  buffer(name: string, type: TensorType): GPUBuffer {
    const known = this.#buffers.get(name);
    if (known) return known;
    const usage = BufferUsage.MAP_READ | BufferUsage.COPY_DST;
    const buffer = this.#gpu.createBuffer(byteLength(type), usage, `readback of ${name}`);
    this.#buffers.set(name, buffer);
    return buffer;
  }

  /** What has come there, when the run that was submitted has ended: in `array`, else in a new one. */
  async read(name: string, { shape, dtype }: TensorType, array?: TensorData): Promise<Tensor> {
    const buffer = this.buffer(name, { shape, dtype });
    await buffer.mapAsync(MapMode.READ);
    const mapped = buffer.getMappedRange(0, byteLength({ shape, dtype }));
    const data = new dataTypes[dtype](array ? mapped : mapped.slice(0), 0, elementCount(shape));
    array?.set(data);
    buffer.unmap();
    return { shape, data: array ?? data };
  }

  dispose(): void {
    for (const buffer of this.#buffers.values()) this.#gpu.destroyBuffer(buffer);
  }
}
