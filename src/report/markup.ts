// HTML in which every value is escaped, unless it is HTML already.
import { printableLines } from "../printable.ts";

export class Markup {
  readonly html: string;
  constructor(html: string) {
    this.html = html;
  }
}

type Value = string | number | Markup | undefined | readonly Markup[];

/** Tag of templates: strings and numbers are escaped, `undefined` is left out, lists are joined. */
export function html(strings: TemplateStringsArray, ...values: readonly Value[]): Markup {
  return new Markup(strings.reduce((text, part, i) => text + write(values[i - 1]) + part));
}

/** Safe as text and within attributes in double quotes. */
function escapeHtml(text: string): string {
  return printableLines(text).replaceAll(/[&<>"']/g, (character) => `&#${character.charCodeAt(0)};`);
}

function write(value: Value): string {
  if (value === undefined) return "";
  if (value instanceof Markup) return value.html;
  if (typeof value === "object") return value.map((part) => part.html).join("\n");
  return escapeHtml(`${value}`);
}
