// Tables that a click on a title sorts; the script is the page's.
import { html, type Markup } from "./markup.ts";

export interface Column<Row> {
  readonly title: string;
  /** `number`: right-aligned. */
  readonly kind: "text" | "number";
  readonly text: (row: Row) => string;
  /** What rows are sorted by; null and NaN come last. */
  readonly value: (row: Row) => string | number | null;
}

/** `notes`: what is said under a row's first cell. */
export function sortableTable<Row>(
  columns: readonly Column<Row>[],
  rows: readonly Row[],
  notes: (row: Row) => string | undefined = () => undefined,
): Markup {
  const titles = columns.map(
    ({ title, kind }) =>
      html`<th scope="col" ${kind === "number" ? html`class="number"` : undefined}><button type="button">${title}</button></th>`,
  );
  const lines = rows.map(
    (row) => html`<tr>${columns.map((column, i) => cell(column, row, i === 0 ? notes(row) : undefined))}</tr>`,
  );
  return html`<div class="scroll"><table><thead><tr>${titles}</tr></thead>
<tbody>${lines}</tbody></table></div>`;
}

function cell<Row>({ kind, text, value }: Column<Row>, row: Row, note: string | undefined): Markup {
  const key = value(row);
  const known = key !== null && !(typeof key === "number" && Number.isNaN(key));
  return html`<td${kind === "number" ? html` class="number"` : undefined}${known ? html` data-value="${key}"` : undefined}>${text(row)}${
    note === undefined ? undefined : html`<div class="warning">${note}</div>`
  }</td>`;
}
