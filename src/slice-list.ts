/** Slices by number: a list of them, or what makes one when it is asked for, so that a volume is never there twice. */
export interface SliceList<S extends ArrayLike<number> = Float32Array> {
  readonly length: number;
  at(n: number): S | undefined;
}
