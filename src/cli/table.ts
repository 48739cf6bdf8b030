// Columns of text, for people; programs get JSON.
import { type ClassMeasure, printable } from "../node.ts";

export interface Column {
  readonly title: string;
  readonly align?: "left" | "right";
}

/** Lines of a table: titles, then rows; two spaces between columns, nothing behind the last. */
export function formatTable(columns: readonly Column[], rows: readonly (readonly string[])[]): string {
  const lines = [columns.map(({ title }) => title), ...rows].map((cells) => cells.map(printable));
  const widths = columns.map((_, i) => Math.max(...lines.map((cells) => cells[i]!.length)));
  const cell = (text: string, i: number) =>
    columns[i]!.align === "right" ? text.padStart(widths[i]!) : text.padEnd(widths[i]!);
  return lines.map((cells) => cells.map(cell).join("  ").trimEnd()).join("\n");
}

/** Lines of name and value, values one below the other and at most 80 characters to a line where words allow it. */
export function formatFacts(facts: Readonly<Record<string, string>>): string {
  const width = Math.max(...Object.keys(facts).map((name) => name.length)) + 2;
  return Object.entries(facts)
    .map(([name, value]) => wrap(`${name.padEnd(width)}${printable(value)}`, 80, " ".repeat(width)))
    .join("\n");
}

/** `12 tensors: a, b, ..., and 4 more`: the first eight. */
export function nameSome(names: readonly string[]): string {
  const more = names.length > 8 ? `, and ${names.length - 8} more` : "";
  return `${names.length} tensor${names.length === 1 ? "" : "s"}: ${names.slice(0, 8).join(", ")}${more}`;
}

/** `0.8949`, `-` where it is undefined. */
export function formatMeasure(value: number | undefined, digits = 4): string {
  return value?.toFixed(digits) ?? "-";
}

/** `1,234,567`. */
export function formatCount(count: number): string {
  return count.toLocaleString("en-US");
}

/** `12.3 MiB`. */
export function formatBytes(bytes: number): string {
  const units = ["B", "KiB", "MiB", "GiB", "TiB"];
  let value = bytes;
  let unit = 0;
  while (value >= 1024 && unit < units.length - 1) {
    value /= 1024;
    unit++;
  }
  return `${unit === 0 ? value : value.toFixed(value < 10 ? 2 : 1)} ${units[unit]}`;
}

/** `850 ms`, `12.3 s`. */
export function formatMs(ms: number): string {
  if (ms >= 10_000) return `${(ms / 1000).toFixed(1)} s`;
  return `${ms < 10 ? ms.toFixed(2) : Math.round(ms)} ms`;
}

/** Breaks text into lines of at most `width` characters at spaces; later lines begin with `indent`. */
export function wrap(text: string, width: number, indent = ""): string {
  const lines: string[] = [];
  let line = "";
  for (const word of text.split(" ")) {
    if (line !== "" && line.length + 1 + word.length > width) {
      lines.push(line);
      line = indent + word;
    } else line = line === "" ? word : `${line} ${word}`;
  }
  return [...lines, line].join("\n");
}

/** `12.3 mL` or `456 mm2`. */
export function formatSize({ volumeMl, areaMm2 }: ClassMeasure): string {
  if (volumeMl !== undefined) return `${volumeMl.toFixed(volumeMl < 10 ? 2 : 1)} mL`;
  return `${formatCount(Math.round(areaMm2 ?? 0))} mm2`;
}
