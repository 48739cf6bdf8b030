// Tables and numbers of the Markdown documents that records are written into.

/** A table; `rows` hold as many cells as `head`. */
export function markdownTable(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]) => `| ${cells.join(" | ")} |`;
  return [line(head), line(head.map(() => "---")), ...rows.map(line)].join("\n");
}

/** `59.2 ms`, `809 ms`, `11.0 s`: three digits or more. */
export function milliseconds(ms: number): string {
  if (ms >= 10_000) return `${(ms / 1000).toFixed(1)} s`;
  return ms >= 100 ? `${Math.round(ms)} ms` : `${ms.toPrecision(3)} ms`;
}

/** Two decimals; `-` for null. */
export function ratio(value: number | null): string {
  return value === null ? "-" : value.toFixed(2);
}

/** Marks around a part of a document that a command writes. */
export interface Section {
  readonly document: string;
  readonly begin: string;
  readonly end: string;
}

/** The text between the marks. Throws Error where they are missing. */
export function readSection(text: string, { document, begin, end }: Section): string {
  const [from, to] = [text.indexOf(begin), text.indexOf(end)];
  if (from < 0 || to < from) throw new Error(`${document}: expected "${begin}" and "${end}"`);
  return text.slice(from + begin.length, to);
}

/** The document with its section made anew. Throws Error where the marks are missing. */
export function writeSection(text: string, section: Section, content: string): string {
  const old = readSection(text, section);
  const from = text.indexOf(section.begin) + section.begin.length;
  return `${text.slice(0, from)}\n\n${content}\n\n${text.slice(from + old.length)}`;
}
