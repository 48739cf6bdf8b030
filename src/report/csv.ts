// Comma-separated values by RFC 4180: lines end in CR LF, and fields with commas, quotes or line breaks are quoted.

export type CsvField = string | number | undefined;

/** Undefined fields are empty. */
export function writeCsv(rows: readonly (readonly CsvField[])[]): string {
  return rows.map((fields) => `${fields.map(writeField).join(",")}\r\n`).join("");
}

function writeField(field: CsvField): string {
  const text = field === undefined ? "" : String(field);
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}
