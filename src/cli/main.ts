#!/usr/bin/env node
// Entry of the command line.
import { runCommandLine } from "./program.ts";

// A reader such as `head` that has seen enough is no failure.
for (const stream of [process.stdout, process.stderr]) {
  stream.on("error", (error: NodeJS.ErrnoException) => {
    if (error.code !== "EPIPE") throw error;
  });
}

// Time 0 is the start of the process.
process.exitCode = await runCommandLine(process.argv.slice(2), process, 0);
