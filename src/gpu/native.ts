// Calls into shared libraries through the optional package `koffi`.

import { closeSync, openSync } from "node:fs";
import { createRequire } from "node:module";
import { pathToFileURL } from "node:url";

interface Koffi {
  load(
    path: string,
    options?: { readonly global: boolean },
  ): { func(prototype: string): (...args: number[]) => number };
}

/** Libraries in use: once such an object is collected, koffi closes the library. */
const libraries = new Map<string, ReturnType<Koffi["load"]>>();

/** Path of a package's entry. Looks beside this file, then from the working directory: a command may be installed globally. */
export function resolvePackage(name: string): string | undefined {
  for (const from of [import.meta.url, pathToFileURL(`${process.cwd()}/package.json`).href]) {
    try {
      return createRequire(from).resolve(name);
    } catch {
      // Not installed there.
    }
  }
  return undefined;
}

/** Loads a library into the whole process, for good. Throws Error when koffi is not installed or the library does not load. */
export async function loadLibrary(path: string): Promise<ReturnType<Koffi["load"]>> {
  const known = libraries.get(path);
  if (known) return known;
  const entry = resolvePackage("koffi");
  if (entry === undefined) throw new Error("the package koffi is not installed");
  const koffi: { readonly default: Koffi } = await import(pathToFileURL(entry).href);
  const library = koffi.default.load(path, { global: true });
  libraries.set(path, library);
  return library;
}

/**
 * A function that runs synchronous work while what native code prints on standard error is dropped. Node offers no such thing,
 * so it takes koffi: without it, and elsewhere than on Linux, the work just runs.
 */
export async function silencer(): Promise<<T>(work: () => T) => T> {
  try {
    if (process.platform !== "linux") return (work) => work();
    const libc = await loadLibrary("libc.so.6");
    const [dup, dup2] = [libc.func("int dup(int)"), libc.func("int dup2(int, int)")];
    return (work) => {
      const saved = dup(2);
      if (saved < 0) return work();
      try {
        const nowhere = openSync("/dev/null", "w");
        dup2(nowhere, 2);
        closeSync(nowhere);
        return work();
      } finally {
        dup2(saved, 2);
        closeSync(saved);
      }
    };
  } catch {
    return (work) => work();
  }
}
