// Buffers from which the host reads what a run has computed.
import { BufferUsage, type Gpu } from "../gpu/gpu.ts";
import { MapMode } from "../gpu/usage.ts";
import { byteLength, dataTypes, elementCount, type Tensor, type TensorType } from "../tensor.ts";

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

  /** What has come there, when the run that was submitted has ended. */
  async read(name: string, type: TensorType): Promise<Tensor> {
    const buffer = this.buffer(name, type);
    await buffer.mapAsync(MapMode.READ);
    const bytes = buffer.getMappedRange(0, byteLength(type)).slice(0);
    buffer.unmap();
    return { shape: type.shape, data: new dataTypes[type.dtype](bytes, 0, elementCount(type.shape)) };
  }

  dispose(): void {
    for (const buffer of this.#buffers.values()) this.#gpu.destroyBuffer(buffer);
  }
}
