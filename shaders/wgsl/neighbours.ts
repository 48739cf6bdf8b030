// Results of one invocation that are neighbours in a row: one, or four that are written at once where they are aligned.
import { elementType, storedAs, type Width } from "./strided.ts";

export interface Neighbours {
  readonly width: Width;
  /** Whether four lie on a multiple of four elements; of a view they may not. */
  readonly aligned: boolean;
}

/** The type of the elements of the array that they are written to. */
export function neighboursType({ width, aligned }: Neighbours): string {
  return elementType(aligned ? width : 1);
}

/** WGSL: writes the variable `value`, f32 or vec4f, to `array` from element `at` on. */
export function storeNeighbours({ width, aligned }: Neighbours, array: string, value: string, at: string): string {
  if (width === 1 || aligned) return `${array}[(${at}) / ${width}u] = ${storedAs(width)}(${value});`;
  return `for (var k = 0u; k < 4u; k++) { ${array}[${at} + k] = stored(${value}[k]); }`;
}
