// A picture for networks that came without one: dark strokes in lines on a light ground. Noise would leave detectors of text
// and of objects with nothing but numbers next to zero, whose relative errors tell nothing.
import { elementCount, type Shape } from "../src/tensor.ts";
import { createRandom, seedOf } from "./random.ts";

/** [.., H, W] of 1 and -1, the same in every plane. */
export function drawStrokes(shape: Shape): Float32Array {
  const [height = 1, width = 1] = shape.slice(-2);
  const random = createRandom(seedOf("strokes"));
  const plane = new Float32Array(height * width).fill(1);
  const line = Math.max(2, Math.min(24, Math.floor(height / 2)));
  for (let top = Math.floor(line / 2); top + line <= height; top += 2 * line) {
    for (let left = 0; left < width; ) {
      const right = left + 2 + Math.floor(random() * 3);
      const [first, last] = [top + Math.floor((random() * line) / 2), top + line - Math.floor((random() * line) / 3)];
      for (let row = first; row < last; row++) plane.fill(-1, row * width + left, row * width + Math.min(right, width));
      left = right + 2 + Math.floor(random() * 4);
    }
  }
  const image = new Float32Array(elementCount(shape));
  for (let at = 0; at < image.length; at += plane.length) image.set(plane, at);
  return image;
}
