// Text from files in messages.
import { printable } from "../printable.ts";

/** Quotes a name from a file for a message: one line, escaped, cut when long. */
export function quote(name: string): string {
  return printable(JSON.stringify(name.length <= 120 ? name : `${name.slice(0, 120)}...`));
}

/** A value of JSON for a message: its text, cut when long; what is nested deeper than it can be written is said to be so. */
export function quoteValue(value: unknown): string {
  try {
    const text = JSON.stringify(value) ?? "missing";
    return text.length <= 120 ? text : `${text.slice(0, 120)}...`;
  } catch {
    return "a value that is nested too deep";
  }
}
