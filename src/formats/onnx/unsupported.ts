// Why a node cannot be imported: thrown while one is built, collected, and told all at once.

/** Ends the import of one node; the importer goes on with the next. */
export class UnsupportedNode extends Error {}

/** Throws unless `condition` holds. */
export function ensure(condition: boolean, reason: string): asserts condition {
  if (!condition) throw new UnsupportedNode(reason);
}
