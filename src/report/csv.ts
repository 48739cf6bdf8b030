// Comma-separated values by RFC 4180: lines end in CR LF, and fields with commas or quotes are quoted.
import { printable } from "../printable.ts";

export type CsvField = string | number | undefined;

/**
 * Undefined fields are empty. Text is escaped as `printable` does; where it begins like a formula, an apostrophe before it keeps
 * spreadsheets from computing it.
 */
export function writeCsv(rows: readonly (readonly CsvField[])[]): string {
  return rows.map((fields) => `${fields.map(writeField).join(",")}\r\n`).join("");
}

function writeField(field: CsvField): string {
  if (typeof field !== "string") return field === undefined ? "" : String(field);
  const isFormula = /^[=+\-@]/.test(field);
  const text = isFormula ? `'${printable(field)}` : printable(field);
  return isFormula || /[",]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}
