// `atrous doctor`: what this machine can run, and what to install where it cannot.

import type { Command } from "commander";
import { type Diagnosis, diagnose } from "../index.ts";
import { openGpu } from "../node.ts";
import type { GlobalOptions, Session } from "./session.ts";
import { formatBytes, formatCount, formatFacts, formatMs, wrap } from "./table.ts";

export function addDoctor(program: Command, session: Session): void {
  program
    .command("doctor")
    .description("Show the adapter, driver, features and limits, and run a self-test.")
    .option("--json", "print JSON on standard output")
    .addHelpText(
      "after",
      `
Exit codes: 0 an adapter works (software adapters too), 1 the self-test failed,
2 no adapter.

Examples:
  $ atrous doctor
  $ atrous doctor --adapter hardware     fails where only software would do
  $ atrous doctor --json`,
    )
    .action(async (_, command: Command) => {
      const options = command.optsWithGlobals<GlobalOptions & { json?: true }>();
      const diagnosis = await diagnose(() => openGpu({ adapter: options.adapter }));
      if (options.json) session.printJson(diagnosis);
      else session.print(report(diagnosis));
      session.exitCode = diagnosis.ok ? 0 : diagnosis.adapter ? 1 : 2;
    });
}

function report({ adapter, features, limits, openMilliseconds, selfTest, advice }: Diagnosis): string {
  const found = adapter
    ? {
        adapter: adapter.driver,
        kind: adapter.kind === "software" ? "software: results are right, speed is not a GPU's" : "hardware",
        vendor: [adapter.vendor, adapter.architecture].filter(Boolean).join(", ") || "not told",
        features: features.join(", ") || "none",
      }
    : { adapter: "none" };
  const kernelTime = selfTest.kernelNanoseconds;
  const facts = {
    ...found,
    opened: `in ${formatMs(openMilliseconds)}`,
    "self-test": `${selfTest.passed ? "passed" : "FAILED"}: ${selfTest.message.replace(/\s*\n\s*/g, " ")}`,
    ...(kernelTime === undefined ? {} : { "self-test time": `${formatMs(kernelTime / 1e6)} for its kernel` }),
  };
  const sections = [formatFacts(facts)];
  if (adapter) {
    const shown = Object.entries(limits).map(([name, value]) => [name, limit(name, value)] as const);
    sections.push(`limits\n${formatFacts(Object.fromEntries(shown)).replace(/^/gm, "  ")}`);
  }
  if (advice.length > 0) sections.push(advice.map((text) => wrap(`- ${text}`, 80, "  ")).join("\n"));
  return sections.join("\n\n");
}

function limit(name: string, value: number): string {
  return /Size$/.test(name) && value >= 4096 ? formatBytes(value) : formatCount(value);
}
