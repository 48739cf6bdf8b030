#!/usr/bin/env node
// Entry of the command line.
import { UsageError } from "../index.ts";
import { missingPackage, printableLines } from "../node.ts";
import { describeFailure } from "./failure.ts";

let outputFailed = false;

process.stdout.on("error", (error: NodeJS.ErrnoException) => {
  // A reader such as `head` that has seen enough is no failure, nor is a terminal that was closed.
  if (outputFailed || error.code === "EPIPE" || process.stdout.isTTY) return;
  outputFailed = true;
  process.exitCode = 2;
  process.stderr.write(`atrous: standard output: cannot be written, got ${error.code ?? error.message}\n`);
});
// Nothing is left to tell it to.
process.stderr.on("error", () => {});

try {
  // Its packages are optional dependencies.
  const { runCommandLine } = await import("./program.ts");
  // Time 0 is the start of the process.
  const exitCode = await runCommandLine(process.argv.slice(2), process, 0);
  process.exitCode = outputFailed ? 2 : exitCode;
} catch (error) {
  const name = missingPackage(error);
  const shown = name ? new UsageError(`the package ${name} is not installed: npm install ${name}`) : error;
  process.stderr.write(`${printableLines(describeFailure(shown, false))}\n`);
  process.exitCode = 2;
}
