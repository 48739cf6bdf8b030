// What measures say of masks that are empty.

/** How masks count that are empty. */
export interface EmptyOptions {
  /** Whether a mask that is rightly empty counts as perfect, instead of not at all. Default false. */
  readonly emptyIsPerfect?: boolean | undefined;
}

/**
 * The rules for empty masks, the only place where they are applied:
 *
 * | truth | predicted | DSC, IoU | precision | recall | volume difference | surface Dice | distances |
 * |---|---|---|---|---|---|---|---|
 * | empty | empty | - | - | - | - | - | - |
 * | empty | empty, `emptyIsPerfect` | 1 | 1 | 1 | 0 | 1 | 0 |
 * | empty | some | 0 | 0 | - | - | 0 | - |
 * | some | empty | 0 | - | 0 | -1 | 0 | - |
 *
 * "-" is undefined, never 0 or 1, and has no part in means. A class that nobody has says nothing about a network; where one of two
 * surfaces is not there, there is no distance (surface-distance says infinity), and what was missed shows in DSC and surface Dice.
 * Specificity asks about what is not the class: it is undefined where the truth is all of the image.
 */
export function byEmptiness<Measured>(
  masks: { readonly predicted: number; readonly truth: number },
  { emptyIsPerfect = false }: EmptyOptions,
  measures: { readonly some: () => Measured; readonly none: Measured; readonly perfect: Measured },
): Measured {
  if (masks.predicted > 0 || masks.truth > 0) return measures.some();
  return emptyIsPerfect ? measures.perfect : measures.none;
}
