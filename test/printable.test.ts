// Names from files cannot act on a terminal, a browser, a spreadsheet or an XML reader.
import { expect, test } from "vitest";
import { formatFacts, formatTable } from "../src/cli/table.ts";
import { FormatError } from "../src/errors.ts";
import { quote } from "../src/formats/quote.ts";
import { toJUnit } from "../src/parity/junit.ts";
import { printable, printableLines } from "../src/printable.ts";
import { writeCsv } from "../src/report/csv.ts";
import { html } from "../src/report/markup.ts";

/** One of each kind: C0, C1, DEL, marks and overrides of direction, line separators, half a pair, a tab. */
const hostile = [
  "\x1b[31m",
  "\r",
  "\x9b2J",
  "\x7f",
  "\u202e",
  "\u2066",
  "\u200f",
  "\u061c",
  "\u2028",
  "\ud800",
  "\0",
  "\t",
];
const name = `a${hostile.join("b")}c`;
const isSafe = (text: string) => !/[\p{Cc}\p{Cs}\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069]/u.test(text);

test("what does not print is escaped, everything else stays", () => {
  expect(printable(name)).toBe(
    "a\\u001b[31mb\\u000db\\u009b2Jb\\u007fb\\u202eb\\u2066b\\u200fb\\u061cb\\u2028b\\ud800b\\u0000b\\u0009c",
  );
  expect(printable("one\ntwo")).toBe("one\\ntwo");
  const fine = "Wirbelkörper 椎体 🦴 é | {x}";
  expect(printable(fine)).toBe(fine);
  expect(printable(printable(name))).toBe(printable(name));
  expect(printableLines(`${name}\nnext`)).toBe(`${printable(name)}\nnext`);
});

test("JSON with such names stays JSON of the same value", () => {
  const value = { [name]: [name, "two\nlines"] };
  const text = printableLines(JSON.stringify(value, undefined, 2));
  expect(JSON.parse(text)).toEqual(value);
  expect(isSafe(text.replaceAll("\n", ""))).toBe(true);
});

test("errors, quotes, tables, facts, CSV and HTML hold no such character", () => {
  const texts = [
    new FormatError(`${name}\n: wrong`).message,
    quote(name),
    formatFacts({ model: `${name}\n` }),
    html`<p title="${name}">${name}</p>`.html,
  ];
  for (const text of texts) expect(isSafe(text.replaceAll("\n", "")), JSON.stringify(text)).toBe(true);
  const table = formatTable([{ title: "layer" }], [[`${name}\n`]]);
  expect(table.split("\n").length).toBe(2);
  expect(table.split("\n").every(isSafe)).toBe(true);
  const csv = writeCsv([[name, "two\r\nlines"]]);
  expect(csv.endsWith("\r\n") && isSafe(csv.slice(0, -2))).toBe(true);
});

test("text that begins like a formula is text in a spreadsheet, numbers are numbers", () => {
  const rows = [["=1+1", "+1", "-1", "@x", '=HYPERLINK("http://x","y")', "a=1", -1.5, undefined]];
  expect(writeCsv(rows)).toBe(`"'=1+1","'+1","'-1","'@x","'=HYPERLINK(""http://x"",""y"")",a=1,-1.5,\r\n`);
});

test("JUnit holds what XML 1.0 allows", () => {
  const report = {
    model: `${name}\n<&`,
    reference: "r",
    adapter: "a",
    precision: "f32",
    limit: 1,
    rows: [],
    layers: 0,
    gradients: 0,
    skipped: 0,
    firstDivergence: undefined,
    firstNonFinite: undefined,
    classes: undefined,
    passed: true,
  } as const;
  const xml = toJUnit([report]);
  expect(isSafe(xml.replaceAll("\n", ""))).toBe(true);
  expect(xml).toContain(`name="${printable(name)}\\n&lt;&amp;"`);
});
