// Runs one command line inside the test's process and catches what it writes.
import { readdirSync } from "node:fs";
import { afterAll } from "vitest";
import { runCommandLine } from "../../src/cli/program.ts";
import { scratchFolder } from "../support/scratch.ts";

export interface Outcome {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

export async function atrous(...argv: string[]): Promise<Outcome> {
  const text = { stdout: "", stderr: "" };
  const stream = (name: keyof typeof text) => ({
    write(part: string) {
      text[name] += part;
    },
  });
  const streams = { stdout: stream("stdout"), stderr: stream("stderr") };
  const code = await runCommandLine(argv, streams, performance.now());
  return { code, ...text };
}

/** A folder of the test file's own; at its end no temporary file may be left in it. */
export function testFolder(): string {
  const folder = scratchFolder();
  afterAll(() => {
    const left = readdirSync(folder).filter((name) => name.endsWith(".tmp"));
    if (left.length > 0) throw new Error(`left behind: ${left.join(", ")}`);
  });
  return folder;
}

/** The smallest model that the repository holds: random weights, no fusion. */
export const modelPath = "weights/goldens/plain-w8/model.safetensors";
