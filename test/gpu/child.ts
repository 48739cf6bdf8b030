// Runs a small program that uses the library's sources in a Node process of its own.

import { spawn } from "node:child_process";
import { mkdirSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";

const root = fileURLToPath(new URL("../..", import.meta.url));
/** Inside node_modules, so that external packages resolve from there as they do from `dist`. */
const folder = `${root}node_modules/.cache/atrous-test`;

export interface ChildResult {
  /** Exit code, or the signal's name. */
  readonly exit: number | string;
  readonly stdout: string;
  readonly stderr: string;
}

/** Bundles `program` (TypeScript; imports as from the project's root) the way `dist` is built; returns the file's path. */
export async function bundle(name: string, program: string): Promise<string> {
  mkdirSync(folder, { recursive: true });
  const outfile = `${folder}/${name}.mjs`;
  await build({
    stdin: { contents: program, resolveDir: root, loader: "ts", sourcefile: `${name}.ts` },
    bundle: true,
    outfile,
    format: "esm",
    platform: "node",
    target: "node20",
    external: ["webgpu", "koffi", "@sparticuz/chromium"],
    logLevel: "error",
  });
  return outfile;
}

/** Runs a bundle; a process that takes longer than `timeoutMs` is killed and reads `SIGKILL`. */
export function runChild(
  file: string,
  args: readonly string[],
  environment: NodeJS.ProcessEnv = {},
  timeoutMs = 30_000,
): Promise<ChildResult> {
  return new Promise((resolve, reject) => {
    const env = { ...process.env, ...environment };
    // vitest's own settings are none of the program's business.
    delete env.NODE_OPTIONS;
    for (const [name, value] of Object.entries(environment)) if (value === undefined) delete env[name];
    const child = spawn(process.execPath, ["--expose-gc", file, ...args], {
      env,
      timeout: timeoutMs,
      killSignal: "SIGKILL",
    });
    let stdout = "";
    let stderr = "";
    child.stdout.on("data", (chunk: Buffer) => {
      stdout += chunk.toString();
    });
    child.stderr.on("data", (chunk: Buffer) => {
      stderr += chunk.toString();
    });
    child.on("error", reject);
    child.on("close", (code, signal) => resolve({ exit: code ?? signal ?? "unknown", stdout, stderr }));
  });
}
