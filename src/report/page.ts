// What every report page has: style for light and dark, and the one script, which sorts tables.
import { createHash } from "node:crypto";
import { html, Markup } from "./markup.ts";

const style = `
:root {
  color-scheme: light dark;
  --background: #fff; --text: #1b1f24; --muted: #59636e; --line: #d0d7de; --stripe: #f6f8fa; --alert: #b42318;
  --series-1: #2f6fd6; --series-2: #d9480f; --series-3: #2b8a3e; --series-4: #9c36b5; --series-5: #a67c00; --series-6: #0c8599;
}
@media (prefers-color-scheme: dark) {
  :root {
    --background: #0f1318; --text: #e6e9ed; --muted: #9aa4af; --line: #363d46; --stripe: #171c23; --alert: #ff8a7a;
    --series-1: #74a9ff; --series-2: #ff9358; --series-3: #6fd08c; --series-4: #d68bec; --series-5: #e3be4f; --series-6: #5fd0e0;
  }
}
body { background: var(--background); color: var(--text); font: 15px/1.5 system-ui, sans-serif; max-width: 960px; margin: 1.5rem auto; padding: 0 20px; }
h1 { font-size: 1.6rem; margin: 0 0 0.5rem; }
h2 { font-size: 1.2rem; margin: 2.2rem 0 0.3rem; }
h3 { font-size: 1rem; margin: 1rem 0 0.2rem; }
figure { margin: 0; }
figcaption, .note { color: var(--muted); font-size: 0.87rem; margin: 0.3rem 0; }
dl { display: grid; grid-template-columns: max-content 1fr; gap: 0 1rem; margin: 0; }
dt { color: var(--muted); }
dd { margin: 0; overflow-wrap: anywhere; }
.warning { color: var(--alert); font-weight: 600; }
svg { display: block; max-width: 100%; height: auto; overflow: visible; }
.legend { display: flex; flex-wrap: wrap; gap: 0.2rem 1.2rem; list-style: none; margin: 0.4rem 0; padding: 0; font-size: 0.87rem; }
.legend li { display: flex; align-items: center; gap: 0.3rem; }
.side-by-side { display: grid; grid-template-columns: 1fr 1fr; gap: 20px; align-items: end; }
.swatch { width: 0.8rem; height: 0.8rem; border-radius: 2px; }
.pictures { display: grid; grid-template-columns: repeat(3, 1fr); gap: 14px 20px; margin: 0.4rem 0; }
.pictures img { display: block; width: 100%; border-radius: 4px; }
.pictures figcaption { overflow-wrap: anywhere; }
pre { background: var(--stripe); border: 1px solid var(--line); border-radius: 4px; font-size: 12px; line-height: 1.45; overflow-x: auto; padding: 0.6rem 0.8rem; }
.scroll { overflow-x: auto; }
table { border-collapse: collapse; font-size: 12px; line-height: 1.4; width: 100%; }
caption { text-align: left; color: var(--muted); }
th, td { padding: 0.2rem 0.3rem; text-align: left; border-bottom: 1px solid var(--line); vertical-align: top; }
th { vertical-align: bottom; }
tbody tr:nth-child(even) { background: var(--stripe); }
.number { text-align: right; font-variant-numeric: tabular-nums; }
td.number { white-space: nowrap; }
td:first-child { min-width: 9rem; overflow-wrap: anywhere; }
th button { all: unset; cursor: pointer; font-weight: 600; }
th button:focus-visible { outline: 2px solid var(--series-1); }
th[aria-sort=ascending] button::after { content: " \\25b2"; }
th[aria-sort=descending] button::after { content: " \\25bc"; }
@media (max-width: 700px) { .side-by-side, .pictures { grid-template-columns: 1fr; } }
`;

// First click: numbers from the largest, text from A; the next click turns it around. Cells without a value stay last.
const script = `
for (const button of document.querySelectorAll("th button")) button.addEventListener("click", () => {
  const header = button.closest("th"), table = button.closest("table"), body = table.tBodies[0];
  const numeric = header.className === "number";
  const before = header.getAttribute("aria-sort");
  const descending = before ? before === "ascending" : numeric;
  for (const other of table.querySelectorAll("th")) other.removeAttribute("aria-sort");
  header.setAttribute("aria-sort", descending ? "descending" : "ascending");
  const valueOf = (row) => row.cells[header.cellIndex].dataset.value;
  const order = (a, b) => numeric ? a - b : a.localeCompare(b, "en", { numeric: true });
  const rows = [...body.rows].map((row) => ({ row, value: valueOf(row) }));
  rows.sort((a, b) => {
    if (a.value === undefined || b.value === undefined) return (a.value === undefined) - (b.value === undefined);
    return descending ? order(b.value, a.value) : order(a.value, b.value);
  });
  body.append(...rows.map(({ row }) => row));
});
`;

/** A whole document. It loads nothing, and no script runs in it but its own: the policy names that one by its hash. */
export function renderPage(title: string, content: Markup): string {
  const hash = createHash("sha256").update(script).digest("base64");
  const policy = `default-src 'none'; img-src data:; style-src 'unsafe-inline'; script-src 'sha256-${hash}'`;
  const page = html`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="${policy}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${title}</title>
<style>${new Markup(style)}</style>
</head>
<body>
${content}
<script>${new Markup(script)}</script>
</body>
</html>
`;
  return page.html;
}
