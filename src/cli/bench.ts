// `atrous bench`: kernels and networks, measured and checked, beside other engines.
import type { Command } from "commander";
import { UsageError } from "../index.ts";
import { writeFileAtomic } from "../node.ts";
import { addBenchCommand, type BenchFlags, requireUsed } from "./bench-options.ts";
import { type Asked, loadBench, type Measured, planBench } from "./bench-plan.ts";
import { requireDistinct, requireNewFile } from "./output.ts";
import type { Session } from "./session.ts";
import { readTuning } from "./tune.ts";

export function addBench(program: Command, session: Session): void {
  addBenchCommand(program).action(async (suite: string, files: readonly string[], _: unknown, command: Command) => {
    if (files.length > 0 !== (suite === "onnx"))
      throw new UsageError(`bench: got suite "${suite}" and ${files.length} files, expected files with onnx alone`);
    requireUsed(suite, command);
    await bench(session, { suite, files }, command.optsWithGlobals<BenchFlags>());
  });
}

async function bench(session: Session, asked: Asked, flags: BenchFlags): Promise<void> {
  const { compareRecords, formatRecord, readRecord } = await loadBench();
  const baseline = flags.baseline === undefined ? undefined : await readRecord(flags.baseline);
  const measure = await planBench(
    session,
    asked,
    flags,
    flags.tuning === undefined ? undefined : await readTuning(flags.tuning),
  );
  for (const file of outputFiles(flags)) await requireNewFile(file, flags.baseline ? [flags.baseline] : []);
  await requireDistinct(outputFiles(flags));
  const measured = await measure();
  const { record } = measured;

  const compared = baseline && compareRecords(baseline, record);
  if (flags.json === "-") session.printJson(record);
  else session.print(formatRecord(record, { width: session.streams.stdout.columns ?? 120 }));
  if (compared && flags.json !== "-") session.print(`\n${compared.text}`);
  else if (compared) session.note(compared.text);
  await writeFiles(flags, measured);
  const regressed = (compared?.regressions.length ?? 0) > 0;
  session.exitCode = regressed || record.rows.some(({ problem }) => problem !== undefined) ? 1 : 0;
}

function outputFiles({ json, html, profile }: BenchFlags): string[] {
  const files = [
    json === "-" ? undefined : json,
    html,
    profile && `${profile}.html`,
    profile && `${profile}.trace.json`,
  ];
  return files.filter((file) => file !== undefined);
}

async function writeFiles({ json, html, profile: prefix }: BenchFlags, { record, profile }: Measured): Promise<void> {
  const { createTrace, formatHtml } = await loadBench();
  const write = (path: string, text: string) => writeFileAtomic(path, new TextEncoder().encode(text));
  if (json && json !== "-") await write(json, `${JSON.stringify(record, null, 1)}\n`);
  if (html) await write(html, formatHtml(record));
  if (!prefix || !profile || !record.peaks) return;
  const title = record.rows.at(-1)!.name;
  const trace = createTrace(profile, record.peaks, { title, track: record.adapter.driver });
  await write(`${prefix}.trace.json`, JSON.stringify(trace));
  await write(`${prefix}.html`, formatHtml(record, { profiles: [{ title, profile }] }));
}
