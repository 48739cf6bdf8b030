// Paths of a configuration.
import { isAbsolute, join } from "node:path";

/** A path that is relative to a folder, or absolute already. */
export function within(base: string, path: string): string {
  return isAbsolute(path) ? path : join(base, path);
}
