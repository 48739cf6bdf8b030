// Trainings in processes of their own, bundled as they are shipped: with threads that prepare batches.
import { type ChildProcessByStdio, spawn } from "node:child_process";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Readable } from "node:stream";
import { build } from "esbuild";
import { scratchFolder } from "../../support/scratch.ts";

export type TrainingProcess = ChildProcessByStdio<null, Readable, Readable>;

/** Bundles programs; the folder lies within node_modules, where they find packages, and goes with the test file. */
export async function bundleTraining(): Promise<{ child: string; cli: string }> {
  const outdir = scratchFolder("node_modules/.cache");
  writeFileSync(join(outdir, "package.json"), '{"type":"module"}');
  await build({
    bundle: true,
    format: "esm",
    platform: "node",
    target: "node20",
    splitting: true,
    packages: "external",
    entryPoints: {
      child: "test/train/node/train-child.ts",
      cli: "src/cli/main.ts",
      "data-worker": "src/train/node/data-worker.ts",
    },
    outdir,
    logLevel: "error",
  });
  return { child: join(outdir, "child.js"), cli: join(outdir, "cli.js") };
}

export function startProcess(file: string, args: readonly string[]): TrainingProcess {
  const env = { ...process.env };
  // vitest's own settings are none of the program's business.
  delete env.NODE_OPTIONS;
  return spawn(process.execPath, [file, ...args], { env, stdio: ["ignore", "pipe", "pipe"] });
}

/** Calls `onLine` with each line on standard output; resolves when the process has ended. */
export function watch(
  child: TrainingProcess,
  onLine: (line: string) => void = () => {},
): Promise<{ exit: number | NodeJS.Signals | null; stdout: string; stderr: string }> {
  let [stdout, stderr, rest] = ["", "", ""];
  child.stdout.on("data", (chunk: Buffer) => {
    stdout += chunk.toString();
    const lines = (rest + chunk.toString()).split("\n");
    rest = lines.pop()!;
    lines.forEach(onLine);
  });
  child.stderr.on("data", (chunk: Buffer) => {
    stderr += chunk.toString();
  });
  return new Promise((resolve, reject) => {
    child.once("error", reject);
    child.once("close", (code, signal) => resolve({ exit: code ?? signal, stdout, stderr }));
  });
}
