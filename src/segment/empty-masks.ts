// What measures say of masks that are empty.

/** How masks count that are empty. */
export interface EmptyOptions {
  /** Whether a mask that is rightly empty counts as perfect, instead of not at all. Default false. */
  readonly emptyIsPerfect?: boolean | undefined;
}

/**
 * Applies the rules for empty masks that docs/measures.md lists; no other place does. `masks` are pixels, or elements of surfaces;
 * `some` is what is measured where not both are empty.
 */
export function byEmptiness<Measured>(
  masks: { readonly predicted: number; readonly truth: number },
  { emptyIsPerfect = false }: EmptyOptions,
  measures: { readonly some: () => Measured; readonly none: Measured; readonly perfect: Measured },
): Measured {
  if (masks.predicted > 0 || masks.truth > 0) return measures.some();
  return emptyIsPerfect ? measures.perfect : measures.none;
}
