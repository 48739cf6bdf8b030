// Hostile files of every format that is read: whatever comes is read or refused with a typed error, soon, and in memory that the
// file justifies. Seeded: a round is always the same file.
//
//     ATROUS_HOSTILE_FILES=20000 npx vitest run test/hostile
import { expect, test } from "vitest";
import { AtrousError } from "../../src/errors.ts";
import { watchPeak } from "../support/memory.ts";
import { createRandom, seedOf } from "../support/random.ts";
import { damage, type HostileFormat } from "./format.ts";
import { onnx } from "./onnx.ts";
import { pytorch } from "./pytorch.ts";
import { nifti, niftiGz, png } from "./scans.ts";
import { modelFile, parityReference, safetensors } from "./tensors.ts";
import { checkpoint, dataFolder, trainConfig, trainLog, tuning } from "./training.ts";

const formats: readonly HostileFormat[] = [
  ...[safetensors, modelFile, parityReference, pytorch, onnx, nifti, niftiGz, png],
  ...[trainConfig, dataFolder, trainLog, checkpoint, tuning],
];
const files = Number(process.env.ATROUS_HOSTILE_FILES ?? 960);
const rounds = Math.ceil(files / formats.length);
const longest = 300_000 + 100 * files;

const mostMs = 5000;
/** Deflate makes nothing smaller than by 1032; beside the file, what the collector has not yet freed. */
const mostBytes = ({ declaredBytes }: HostileFormat, file: Uint8Array) =>
  128 * 2 ** 20 + 1.2 * ((declaredBytes?.(file) ?? 0) + 1032 * file.byteLength);
const longestMessage = 20_000;

test.each(formats.map((format) => [format.name, format] as const))(
  `${rounds} hostile files: %s`,
  async (name, format) => {
    for (const [which, file] of format.good.entries()) await format.read(file, which);
    const counts = new Map<string, number>();
    const faults: string[] = [];
    let [slowest, largest] = [0, 0];
    for (let round = 0; round < rounds; round++) {
      const which = round % format.good.length;
      const file = damage(format, which, createRandom(seedOf(`${name} ${round}`)));
      const started = performance.now();
      const peak = watchPeak();
      const outcome = await attempt(format, file, which);
      const [ms, bytes] = [performance.now() - started, peak()];
      if (ms > mostMs || bytes > mostBytes(format, file) || outcome.startsWith("bug")) {
        faults.push(`round ${round}: ${file.byteLength} bytes took ${ms.toFixed(0)} ms and ${bytes} bytes: ${outcome}`);
      }
      [slowest, largest] = [Math.max(slowest, ms), Math.max(largest, bytes)];
      counts.set(outcome, (counts.get(outcome) ?? 0) + 1);
    }
    const outcomes = [...counts].map(([outcome, count]) => `${outcome} ${count}`).join(", ");
    console.log(`${name}: ${outcomes}; at most ${slowest.toFixed(0)} ms, ${(largest / 2 ** 20).toFixed(0)} MiB`);
    expect(faults.slice(0, 5)).toEqual([]);
    // Damage that always or never shows would try nothing.
    const read = counts.get("read") ?? 0;
    expect(read).toBeGreaterThan(0);
    expect(rounds - read).toBeGreaterThan(rounds / 10);
  },
  longest,
);

async function attempt(format: HostileFormat, file: Uint8Array, which: number): Promise<string> {
  try {
    await format.read(file, which);
    return "read";
  } catch (error) {
    if (error instanceof AtrousError && error.message.length <= longestMessage) return error.name;
    const text = error instanceof Error ? (error.stack ?? error.message) : String(error);
    return `bug: ${text.slice(0, 1000)}`;
  }
}
