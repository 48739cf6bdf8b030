// Patterns against the regular expressions that they stand for, and what those take forever for.
import { expect, test } from "vitest";
import { UsageError } from "../../../src/errors.ts";
import { fillPattern, matchPattern } from "../../../src/train/data/pattern.ts";
import { createRandom } from "../../support/random.ts";

const groups: Readonly<Record<string, string>> = { "**/": "((?:.*/)?)", "**": "(.*)", "*": "([^/]*)" };

function matchByExpression(pattern: string, path: string): readonly string[] | undefined {
  const source = pattern
    .split(/(\*\*\/|\*\*|\*)/)
    .map((text, n) => (n % 2 === 1 ? groups[text]! : text.replace(/[.+?^${}()|[\]\\]/g, "\\$&")));
  return new RegExp(`^${source.join("")}$`).exec(path)?.slice(1);
}

test("20,000 random patterns match what their expressions match, in the same parts", () => {
  const random = createRandom(5);
  const draw = (tokens: readonly string[], most: number) =>
    Array.from({ length: Math.floor(random() * most) }, () => tokens[Math.floor(random() * tokens.length)]).join("");
  let matched = 0;
  for (let round = 0; round < 20_000; round++) {
    const pattern = draw(["*", "**", "**/", "a", "b", "/", ".", "ab"], 7);
    const path = draw(["a", "b", "/", "ab", ".", "+"], 8);
    const expected = matchByExpression(pattern, path);
    if (expected) matched++;
    expect(matchPattern(pattern, path), `${pattern} on ${path}`).toEqual(expected);
  }
  expect(matched).toBeGreaterThan(2000);
});

test("60 wildcards on a long path take no time", () => {
  const started = performance.now();
  expect(matchPattern(`${"*".repeat(60)}c`, `${"a".repeat(5000)}/b`)).toBeUndefined();
  expect(matchPattern(`${"*a".repeat(60)}b`, "a".repeat(5000))).toBeUndefined();
  expect(matchPattern(`${"*a".repeat(60)}`, "a".repeat(5000))).toHaveLength(60);
  expect(performance.now() - started).toBeLessThan(1000);
});

test("more than 100 wildcards are refused; text of any length is text", () => {
  expect(() => matchPattern("*a".repeat(101), "a")).toThrow(UsageError);
  expect(matchPattern("x".repeat(70_000), "x")).toBeUndefined();
  expect(fillPattern("**/*_lab.png", ["a/", "b"], "labels")).toBe("a/b_lab.png");
});
