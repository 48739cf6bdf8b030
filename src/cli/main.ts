#!/usr/bin/env node
// Entry of the command line.
import { UsageError } from "../index.ts";
import { missingPackage } from "../node.ts";
import { describeFailure } from "./failure.ts";

// A reader such as `head` that has seen enough is no failure.
for (const stream of [process.stdout, process.stderr]) {
  stream.on("error", (error: NodeJS.ErrnoException) => {
    if (error.code !== "EPIPE") throw error;
  });
}

try {
  // Its packages are optional dependencies.
  const { runCommandLine } = await import("./program.ts");
  // Time 0 is the start of the process.
  process.exitCode = await runCommandLine(process.argv.slice(2), process, 0);
} catch (error) {
  const name = missingPackage(error);
  const shown = name ? new UsageError(`the package ${name} is not installed: npm install ${name}`) : error;
  process.stderr.write(`${describeFailure(shown, false)}\n`);
  process.exitCode = 2;
}
