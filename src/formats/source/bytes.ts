// Bytes in memory as readers take them.
import { UsageError } from "../../errors.ts";
import { shown } from "../../options.ts";

/** A view of bytes or of a whole buffer; nothing is copied. Throws UsageError, beginning with `where`, for anything else. */
export function bytesOf(where: string, given: Uint8Array | ArrayBuffer): Uint8Array {
  if (given instanceof ArrayBuffer) return new Uint8Array(given);
  if (given instanceof Uint8Array) return given;
  throw new UsageError(`${where}: got ${shown(given)}, expected a Uint8Array or an ArrayBuffer`);
}
