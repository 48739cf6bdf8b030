// Lists of image, labels and subject, written as JSON or CSV.
import { csvParseRows } from "d3-dsv";
import { FormatError } from "../../errors.ts";
import { quoteValue } from "../../formats/quote.ts";

export interface ManifestEntry {
  readonly image: string;
  readonly labels: string;
  readonly subject: string;
}

const fields = ["image", "labels", "subject"] as const;

/** Reads a list; `name` tells its form and begins each message. Throws FormatError with the entry that is wrong. */
export function parseManifest(text: string, name: string): readonly ManifestEntry[] {
  const rows = /\.csv$/i.test(name) ? csvRows(text, name) : jsonRows(text, name);
  if (rows.length === 0) throw new FormatError(`${name}: the list is empty, expected images`);
  return rows.map(({ where, value }) => {
    const entry = (field: (typeof fields)[number]) => {
      const given = value(field);
      if (typeof given === "string" && given !== "") return given;
      throw new FormatError(`${name}: ${where}: ${field} is ${quoteValue(given)}, expected text`);
    };
    return { image: entry("image"), labels: entry("labels"), subject: entry("subject") };
  });
}

interface Row {
  readonly where: string;
  readonly value: (field: string) => unknown;
}

function csvRows(text: string, name: string): Row[] {
  const [header = [], ...rows] = csvParseRows(text.replace(/^\uFEFF/, ""));
  for (const field of fields) {
    if (!header.includes(field)) {
      throw new FormatError(`${name}: the first line is ${header.join(",") || "empty"}, expected a column ${field}`);
    }
  }
  return rows.map((row, n) => ({ where: `row ${n + 1}`, value: (field) => row[header.indexOf(field)] }));
}

function jsonRows(text: string, name: string): Row[] {
  const list = parseJson(text, name);
  if (!Array.isArray(list)) throw new FormatError(`${name}: expected a list of objects`);
  return list.map((entry: unknown, n) => {
    if (typeof entry !== "object" || entry === null) throw new FormatError(`${name}: [${n}]: expected an object`);
    return { where: `[${n}]`, value: (field) => Object.getOwnPropertyDescriptor(entry, field)?.value };
  });
}

/** Throws FormatError that begins with the file's name. */
export function parseJson(text: string, name: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    throw new FormatError(`${name}: no JSON, got ${error instanceof Error ? error.message : String(error)}`);
  }
}
