// Comments in configuration files: JSON has none, people write them.

/**
 * The text with spaces in place of its comments, from two slashes to the end of their line or in blocks as those of JavaScript, so that
 * places in messages stay the same. What a string holds is no comment; a block that does not end is left, since it is no JSON.
 */
export function withoutComments(text: string): string {
  const parts: string[] = [];
  let at = 0;
  while (at < text.length) {
    const end = endOfPart(text, at);
    const part = text.slice(at, end);
    parts.push(isComment(part) ? part.replace(/[^\r\n]/g, " ") : part);
    at = end;
  }
  return parts.join("");
}

function isComment(part: string): boolean {
  return part.startsWith("//") || (part.startsWith("/*") && part.length >= 4 && part.endsWith("*/"));
}

/** Where the string, the comment or the text between them ends that begins at `at`. */
function endOfPart(text: string, at: number): number {
  const next = (marks: RegExp, from: number) => {
    marks.lastIndex = from;
    return marks.exec(text)?.index ?? text.length;
  };
  if (text[at] === '"') return endOfString(text, at);
  if (text.startsWith("//", at)) return next(/[\r\n]/g, at);
  if (text.startsWith("/*", at)) {
    const end = text.indexOf("*/", at + 2);
    return end === -1 ? text.length : end + 2;
  }
  return next(/["/]/g, at + 1);
}

function endOfString(text: string, at: number): number {
  for (let n = at + 1; n < text.length; n++) {
    if (text[n] === "\\") n++;
    else if (text[n] === '"') return n + 1;
  }
  return text.length;
}
