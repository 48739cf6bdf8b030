// Columns and paragraphs in a line of limited width.

export interface TextColumn {
  readonly title: string;
  readonly kind: "text" | "number";
}

export interface TextTable {
  /** Lines of titles. */
  readonly head: readonly string[];
  /** Lines of each row. */
  readonly body: readonly (readonly string[])[];
}

const gap = "  ";
/** Before what goes on from the line above. */
const indent = "      ";

/**
 * Titles stand one word below the other, so that columns are as narrow as their numbers. Columns that do not fit into
 * `width` go on with a further line of the same row: nothing is cut.
 */
export function layOutTable(
  columns: readonly TextColumn[],
  rows: readonly (readonly string[])[],
  width: number,
): TextTable {
  const titles = columns.map(({ title }) => title.split(" "));
  const widths = columns.map((_, i) => {
    const cells = rows.map((row) => row[i]?.length ?? 0);
    return Math.max(...titles[i]!.map((word) => word.length), ...cells, 0);
  });
  const lines = breakColumns(widths, width);
  const pad = (text: string, i: number) =>
    columns[i]!.kind === "number" ? text.padStart(widths[i]!) : text.padEnd(widths[i]!);
  const write = (line: readonly number[], n: number, cell: (i: number) => string) =>
    ((n === 0 ? "" : indent) + line.map((i) => pad(cell(i), i)).join(gap)).trimEnd();
  const head = lines.flatMap((line, n) => {
    const height = Math.max(...line.map((i) => titles[i]!.length));
    return Array.from({ length: height }, (_, h) =>
      write(line, n, (i) => titles[i]![h - height + titles[i]!.length] ?? ""),
    );
  });
  return { head, body: rows.map((row) => lines.map((line, n) => write(line, n, (i) => row[i] ?? ""))) };
}

/** Indices of the columns of each line; each line has one at least. */
function breakColumns(widths: readonly number[], width: number): number[][] {
  const lines: number[][] = [];
  let used = 0;
  widths.forEach((size, i) => {
    const last = lines.at(-1);
    if (last && used + gap.length + size <= width) {
      last.push(i);
      used += gap.length + size;
    } else {
      lines.push([i]);
      used = size + (last ? indent.length : 0);
    }
  });
  return lines;
}

/** Lines of at most `width` characters where words allow it; later ones begin with `indentation`. Keeps runs of spaces. */
export function wrap(text: string, width: number, indentation: string): string[] {
  const lines: string[] = [];
  let rest = text;
  while (rest.length > width) {
    const start = lines.length === 0 ? rest.search(/\S/) : indentation.length;
    const within = rest.lastIndexOf(" ", width);
    const at = within > start ? within : rest.indexOf(" ", width);
    if (at === -1) break;
    lines.push(rest.slice(0, at).trimEnd());
    rest = indentation + rest.slice(at).trimStart();
  }
  return [...lines, rest];
}

/** Text from a file on one line of a terminal: what could move the cursor or change colours is written as `\u001b`. */
export function printable(text: string): string {
  const code = (character: string) => `\\u${character.codePointAt(0)!.toString(16).padStart(4, "0")}`;
  return text.replaceAll(/[\t\r\n]+/g, " ").replaceAll(/\p{C}/gu, code);
}
