// Which inputs the taps of a tile of outputs read, for convolutions and transposed ones.

export type Pair = readonly [rows: number, columns: number];

export interface TapTemplate {
  /** Output pixels per invocation; columns a multiple of 4, for transposed convolutions both multiples of the stride. */
  readonly tile: Pair;
  readonly kernel: Pair;
  readonly stride: Pair;
  readonly dilation: Pair;
  /** Top and left padding of a transposed convolution; absent for a convolution. */
  readonly transposedPadding?: Pair;
}

export const range = (count: number) => Array.from({ length: count }, (_, i) => i);
export const ascending = (values: readonly number[]) => [...new Set(values)].sort((a, b) => a - b);

/** Input position, from the tile's origin, that tap `tap` of output `i` reads; undefined in the gaps of a stride. */
function position(t: TapTemplate, axis: 0 | 1, i: number, tap: number): number | undefined {
  if (!t.transposedPadding) return i * t.stride[axis] + tap * t.dilation[axis];
  const scaled = i + t.transposedPadding[axis] - tap * t.dilation[axis];
  return scaled % t.stride[axis] === 0 ? scaled / t.stride[axis] : undefined;
}

/** All pairs of an output of the tile and a tap that meet an input, along one axis. */
export function tapPairs(t: TapTemplate, axis: 0 | 1, taps: number) {
  return range(t.tile[axis]).flatMap((i) =>
    range(taps).flatMap((tap) => {
      const at = position(t, axis, i, tap);
      return at === undefined ? [] : [{ i, tap, at }];
    }),
  );
}

/** WGSL that maps an index into `offsets` to its element. */
export function lookUp(offsets: readonly number[], index: string): string {
  const step = (offsets[1] ?? 1) - offsets[0]!;
  const even = offsets.every((offset, i) => offset === offsets[0]! + i * step);
  return even ? `${offsets[0]} + i32(${index}) * ${step}` : `array<i32, ${offsets.length}>(${offsets})[${index}]`;
}
