// Text that others wrote, such as names in files, made safe to show: it cannot move a cursor, colour a terminal or turn around
// what stands beside it.

/** Control characters, those that change the direction of text, line separators, halves of surrogate pairs, and what XML forbids. */
const unprintable = /[\p{Cc}\p{Cs}\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ufffe\uffff]/gu;

/** One line: whatever does not print is written as `\u001b`, a line break as `\n`. */
export function printable(text: string): string {
  return text.replace(unprintable, (character) =>
    character === "\n" ? "\\n" : `\\u${character.charCodeAt(0).toString(16).padStart(4, "0")}`,
  );
}

/** Several lines, which stay lines. JSON stays JSON of the same value. */
export function printableLines(text: string): string {
  return text.replace(unprintable, (character) => (character === "\n" ? "\n" : printable(character)));
}
