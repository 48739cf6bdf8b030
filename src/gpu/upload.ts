// Elements from host memory into a buffer.
import type { TensorData } from "../tensor.ts";

/** Queues a write of all the data; `offset` in bytes, a multiple of 4. */
export function upload(
  queue: GPUQueue,
  data: TensorData,
  { buffer, offset = 0 }: { readonly buffer: GPUBuffer; readonly offset?: number },
): void {
  const words = wholeWords(data);
  queue.writeBuffer(buffer, offset, words.buffer as ArrayBuffer, words.byteOffset, words.byteLength);
}

/** The data itself, or a copy that fills its last word: what WebGPU takes for an upload. */
function wholeWords(data: TensorData): TensorData {
  if (data.byteLength % 4 === 0) return data;
  const padded = new Uint16Array(data.length + 1);
  padded.set(data);
  return padded;
}
