// One training at a time in a folder: a file that names the process which has it, and is removed when that ends. A process that was
// killed leaves the file behind; whoever comes next sees that it is dead, and takes the folder over.
import { randomBytes } from "node:crypto";
import { readFileSync, renameSync, rmSync, statSync, writeFileSync } from "node:fs";
import { hostname } from "node:os";
import { join } from "node:path";
import * as z from "zod";
import { UsageError } from "../../errors.ts";

const ownerSchema = z.object({
  pid: z.int(),
  host: z.string(),
  /** ISO 8601. */
  since: z.string(),
  /** When the process began, as its system counts: another process may get the same number later. */
  began: z.string().nullable(),
});

type Owner = z.output<typeof ownerSchema>;

/** A folder that this process has. */
export interface FolderLock {
  release(): void;
}

/**
 * Takes a folder for a training. Throws UsageError that names the process which has it, or where the folder cannot be written to.
 */
export function lockFolder(folder: string): FolderLock {
  const path = join(folder, "training.lock");
  const { pid } = process;
  const text = JSON.stringify({ pid, host: hostname(), since: new Date().toISOString(), began: beganAt(pid) });
  while (!create(path, text)) {
    const found = read(path);
    if (found === undefined) continue;
    const owner = parseOwner(found);
    if (owner && isAlive(owner)) throw inUse(path, folder, owner);
    setAside(path, found);
  }
  return {
    release() {
      if (read(path) === text) rmSync(path, { force: true });
    },
  };
}

/** No process writes a longer one. */
const mostLockBytes = 64 * 1024;

/** Whether the lock was free. */
function create(path: string, text: string): boolean {
  try {
    writeFileSync(path, text, { flag: "wx" });
    return true;
  } catch (error) {
    const code = error instanceof Error && "code" in error ? error.code : error;
    if (code === "EEXIST") return false;
    throw new UsageError(`${path}: cannot be written, got ${code}`);
  }
}

function read(path: string): string | undefined {
  try {
    const status = statSync(path);
    if (!status.isFile() || status.size > mostLockBytes) throw new UsageError(`${path}: is no lock of a training`);
    return readFileSync(path, "utf8");
  } catch (error) {
    if (error instanceof UsageError) throw error;
    if (error instanceof Error && "code" in error && error.code === "ENOENT") return undefined;
    throw new UsageError(
      `${path}: cannot be read, got ${error instanceof Error && "code" in error ? error.code : error}`,
    );
  }
}

/** Removes a dead process's lock; one that somebody else has put in its place meanwhile is put back. */
function setAside(path: string, dead: string): void {
  const aside = `${path}.${randomBytes(8).toString("hex")}`;
  try {
    renameSync(path, aside);
  } catch {
    return;
  }
  if (readFileSync(aside, "utf8") === dead) rmSync(aside);
  else renameSync(aside, path);
}

function parseOwner(text: string): Owner | undefined {
  try {
    return ownerSchema.safeParse(JSON.parse(text)).data;
  } catch {
    return undefined;
  }
}

/** Of processes on other machines nothing is known: they count as alive. */
function isAlive({ pid, host, began }: Owner): boolean {
  if (host !== hostname()) return true;
  try {
    process.kill(pid, 0);
  } catch (error) {
    return error instanceof Error && "code" in error && error.code === "EPERM";
  }
  return began === beganAt(pid);
}

/** Null where the system does not tell, or the process has ended and nobody has taken note. */
function beganAt(pid: number): string | null {
  try {
    // The name, which may hold anything, is in parentheses; then come the state and 18 more fields before the start.
    const fields = readFileSync(`/proc/${pid}/stat`, "utf8")
      .replace(/^.*\) /s, "")
      .split(" ");
    return fields[0] === "Z" ? null : (fields[19] ?? null);
  } catch {
    return null;
  }
}

function inUse(path: string, folder: string, { pid, host, since }: Owner): UsageError {
  const elsewhere = host === hostname() ? "" : `; if that has ended, remove ${path}`;
  return new UsageError(`${folder}: process ${pid} on ${host} trains here since ${since}${elsewhere}`);
}
