// The folder of a training: what is in it, and that a start which failed leaves none behind.
import { existsSync } from "node:fs";
import { mkdir, rmdir } from "node:fs/promises";
import { dirname, join, resolve } from "node:path";
import { UsageError } from "../../errors.ts";

/** What a training keeps in its output folder. */
export function filesOf(folder: string) {
  const file = (name: string) => join(folder, name);
  return {
    last: file("last.safetensors"),
    best: file("best.safetensors"),
    log: file("log.jsonl"),
    report: file("report.html"),
  };
}

/** Throws UsageError where a training is there already, or none to resume. */
export function requireTrainingIs(resume: boolean, folder: string): void {
  const { last } = filesOf(folder);
  if (!resume && existsSync(last)) {
    throw new UsageError(
      `${folder}: holds a training already; resume it (--resume), or name another output folder to start anew`,
    );
  }
  if (resume && !existsSync(last)) throw new UsageError(`${last}: is not there, so there is nothing to resume`);
}

/** Returns the outermost folder that had to be created. Throws UsageError where that fails. */
export async function createFolder(folder: string): Promise<string | undefined> {
  try {
    return await mkdir(folder, { recursive: true });
  } catch (error) {
    const code = error instanceof Error && "code" in error ? error.code : error;
    throw new UsageError(`${folder}: cannot be created, got ${code}`);
  }
}

/** Removes a folder, and those around it up to `outermost`, where nothing came into them. */
export async function removeEmpty(folder: string, outermost: string | undefined): Promise<void> {
  if (outermost === undefined) return;
  for (let inner = resolve(folder); inner.length >= resolve(outermost).length; inner = dirname(inner)) {
    const removed = await rmdir(inner).then(
      () => true,
      () => false,
    );
    if (!removed) return;
  }
}
