// Text from files in messages.

/** Quotes a name from a file for a message: one line, escaped, cut when long. */
export function quote(name: string): string {
  return JSON.stringify(name.length <= 120 ? name : `${name.slice(0, 120)}...`);
}
