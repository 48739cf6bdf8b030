// Loads a package that need not be installed.
import { UsageError } from "./errors.ts";

/** Throws UsageError, which says what to install when it is the package itself that is missing. */
export async function loadPackage<M>(name: string, load: () => Promise<M>): Promise<M> {
  try {
    return await load();
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error);
    // The missing package may be one that this package needs.
    const advice = missingPackage(error) === name ? `is not installed: npm install ${name}` : undefined;
    throw new UsageError(`the package ${name} ${advice ?? `does not load here: ${message}`}`, { cause: error });
  }
}

/** Name of the package that was not found, where that is why an import failed: for programs that load optional packages. */
export function missingPackage(error: unknown): string | undefined {
  const missing = error instanceof Error && "code" in error && error.code === "ERR_MODULE_NOT_FOUND";
  return missing ? /^Cannot find package '([^']+)'/.exec(error.message)?.[1] : undefined;
}
