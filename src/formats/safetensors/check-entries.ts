// Do these weights fit this network? All the differences in one message, so that nobody mends them one by one.

import { FormatError } from "../../errors.ts";
import { formatShape, type Shape, shapesEqual } from "../../tensor.ts";
import { quote } from "../quote.ts";
import type { TensorEntry } from "../tensor-file.ts";

export interface CheckEntriesOptions {
  /** Names that may be there without being expected. By default none may. */
  readonly allowUnexpected?: (name: string) => boolean;
  /** Any other name is no fault by itself. Where one is missing they are listed: it may be there under another name. */
  readonly allowUnused?: boolean;
}

const maxNames = 8;

/**
 * Compares a file's tensors with the shapes that a network expects, by name.
 * Throws FormatError that names what is missing, unexpected and misshapen, the first eight of each.
 */
export function checkEntries(
  file: { readonly name: string; readonly entries: ReadonlyMap<string, TensorEntry> },
  expected: ReadonlyMap<string, Shape>,
  options: CheckEntriesOptions = {},
): void {
  const missing: string[] = [];
  const misshapen: string[] = [];
  for (const [name, shape] of expected) {
    const entry = file.entries.get(name);
    if (entry === undefined) missing.push(quote(name));
    else if (!shapesEqual(entry.shape, shape)) {
      misshapen.push(`${quote(name)} got ${formatShape(entry.shape)}, expected ${formatShape(shape)}`);
    }
  }
  const unexpected = [...file.entries.keys()]
    .filter((name) => !expected.has(name) && options.allowUnexpected?.(name) !== true)
    .map(quote);
  const isListed = options.allowUnused !== true || missing.length > 0;
  const others = isListed ? list("unexpected", unexpected) : [];
  const faults = [list("missing", missing), others, list("misshapen", misshapen)].flat();
  if (faults.length > 0) throw new FormatError(`${file.name}: does not fit the network: ${faults.join("; ")}`);
}

/** `3 missing (a, b, c)`, cut after a few names; nothing where there are none. */
function list(fault: string, names: readonly string[]): string[] {
  if (names.length === 0) return [];
  const more = names.length > maxNames ? `, and ${names.length - maxNames} more` : "";
  return [`${names.length} ${fault} (${names.slice(0, maxNames).join(", ")}${more})`];
}
