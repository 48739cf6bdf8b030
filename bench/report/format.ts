// Numbers and names of bench records as people read them.
import type { BenchRecord, Samples } from "../record.ts";

/** Stands where there is no number. */
export const none = "-";

/** Three significant digits: `12.3`, `0.00123`, `1.5e+7`; `-` for null and what is not finite. */
export function formatNumber(value: number | null): string {
  if (value === null || !Number.isFinite(value)) return none;
  const size = Math.abs(value);
  if (size >= 100 && size < 1e6) return value.toFixed(0);
  if (size !== 0 && (size < 1e-4 || size >= 1e6)) return value.toExponential(1);
  return value.toPrecision(3);
}

/** `11.7 M`, `3.58 k`; `-` for null. */
export function formatCount(count: number | null): string {
  if (count === null) return none;
  return count >= 1e5 ? `${(count / 1e6).toPrecision(3)} M` : `${(count / 1e3).toPrecision(3)} k`;
}

/** `12.3 ±0.4`, in milliseconds; the spread to the digit that the median has. */
export function formatSamples({ medianMs, spreadMs }: Samples): string {
  const median = formatNumber(medianMs);
  const decimals = median.includes("e") ? 0 : (median.split(".")[1] ?? "").length;
  return `${median} ±${spreadMs.toFixed(decimals)}`;
}

/** `1.25x`. */
export function formatRatio(ratio: number | null): string {
  return ratio === null ? none : `${formatNumber(ratio)}x`;
}

/** `43 %` of a share from 0 to 1. */
export function formatShare(share: number | null): string {
  return share === null || !Number.isFinite(share) ? none : `${(100 * share).toFixed(share < 0.1 ? 1 : 0)} %`;
}

/** `2026-11-21 19:16 UTC`. */
export function formatDate(iso: string): string {
  return `${new Date(iso).toISOString().slice(0, 16).replace("T", " ")} UTC`;
}

/** Said in every report of a software adapter; undefined of hardware. */
export function softwareWarning({ adapter }: BenchRecord): string | undefined {
  return adapter.kind === "software" ? "SOFTWARE adapter: ratios may tell, times do not." : undefined;
}

/** Whether others kept more than half of the cores busy before the run began. */
export function isBusy({ host: { load = 0, cores } }: BenchRecord): boolean {
  return load > cores / 2;
}

function timesOf({ data, rows }: BenchRecord): string {
  if (data !== "device") return "whole runs, upload and read-back included";
  const isTraining = rows.length > 0 && rows.every(({ suite }) => suite === "training");
  return isTraining ? "the batch is on the GPU, the loss is read back" : "image and result stay on the GPU";
}

/** What was measured, where and when, by name. */
export function recordFacts(record: BenchRecord): Readonly<Record<string, string>> {
  const { adapter, host, peaks } = record;
  return {
    Adapter:
      adapter.kind === "software" && !/software/i.test(adapter.driver)
        ? `${adapter.driver} (software)`
        : adapter.driver,
    Host: `${host.cpu}, ${host.cores} cores, Node ${host.node}${isBusy(record) ? `, busy: load ${formatNumber(host.load ?? 0)}` : ""}`,
    Date: `${formatDate(record.date)}, atrous ${record.version}`,
    Times: timesOf(record),
    Peaks: peaks
      ? [
          `f32 ${formatNumber(peaks.fmaF32Gflops)} GFLOP/s`,
          peaks.fmaF16Gflops === null ? "no f16" : `f16 ${formatNumber(peaks.fmaF16Gflops)} GFLOP/s`,
          `copy ${formatNumber(peaks.copyGBs)} GB/s`,
          `${formatNumber(peaks.dispatchUs)} us a dispatch (measured in the same run)`,
        ].join(", ")
      : "not measured",
  };
}
