// How much memory some work takes at its peak.
import { readFileSync, writeFileSync } from "node:fs";
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";

setFlagsFromString("--expose-gc");
const collect: () => void = runInNewContext("gc");

/** Collects what nothing refers to, the memory of arrays too, which another thread gives back. */
export async function collectAll(): Promise<void> {
  for (let n = 0; n < 3; n++) {
    collect();
    await new Promise((resume) => setTimeout(resume, 20));
  }
}

/** Most bytes of arrays that there are at one time, beyond those before the work, as often as the work lets others have a turn. */
export async function peakArrayBytes(work: () => Promise<unknown>): Promise<number> {
  await collectAll();
  const before = process.memoryUsage().arrayBuffers;
  let most = 0;
  const look = () => {
    most = Math.max(most, process.memoryUsage().arrayBuffers - before);
  };
  const watch = setInterval(look);
  try {
    await work();
    look();
  } finally {
    clearInterval(watch);
  }
  return most;
}

/**
 * Starts to measure the most memory of this process from here on; the result tells how much more it was than now, in bytes.
 * Linux alone knows; elsewhere the result tells what more there is now.
 */
export function watchPeak(): () => number {
  const before = process.memoryUsage.rss();
  if (process.platform !== "linux") return () => process.memoryUsage.rss() - before;
  // Resets VmHWM: man 5 proc_pid_clear_refs.
  writeFileSync("/proc/self/clear_refs", "5");
  return () => 1024 * Number(/VmHWM:\s*(\d+)/.exec(readFileSync("/proc/self/status", "utf8"))?.[1]) - before;
}
