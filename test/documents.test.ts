// What the documents name exists: links, headings, paths of the repository, files by their name, npm scripts. README stays short.
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import { expect, test } from "vitest";

const documents = ["README.md", "CONTRIBUTING.md", "bench/NOTES.md", ...filesUnder("docs")];
const roots = ["src", "shaders", "test", "bench", "weights", "docs", ".ci"];
const files = [...readdirSync("."), ...roots.flatMap(filesUnder)];
const { scripts } = JSON.parse(readFileSync("package.json", "utf8"));

function filesUnder(folder: string): string[] {
  return readdirSync(folder, { recursive: true, encoding: "utf8" }).map((name) => join(folder, name));
}

/** Links that lead nowhere: to no file, or to no heading of it. */
function deadLinks(document: string, text: string): string[] {
  const links = [...text.matchAll(/\]\(([^)\s]+)\)/g)].map(([, link]) => link!);
  return links.filter((link) => {
    if (/^\w+:/.test(link)) return false;
    const [path, heading] = link.split("#");
    const file = path ? join(dirname(document), path) : document;
    if (!existsSync(file)) return true;
    return heading !== undefined && !headingsOf(readFileSync(file, "utf8")).includes(heading);
  });
}

/** As GitHub names them. */
function headingsOf(text: string): string[] {
  const titles = [...text.matchAll(/^#+ (.*)$/gm)].map(([, title]) => title!.toLowerCase());
  return titles.map((title) => title.replaceAll(/[^\w\- ]/g, "").replaceAll(" ", "-"));
}

/** Paths from the root, wherever they stand, of which no file is there; `<name>` and `*` stand for any part of a name. */
function deadPaths(text: string): string[] {
  const inRoots = roots.map((root) => root.replace(".", "\\.")).join("|");
  const paths = [...text.matchAll(new RegExp(`(?<![\\w./-])(?:${inRoots})/[\\w<>*./-]*[\\w>*]`, "g"))];
  return paths.map(([path]) => path).filter((path) => !isThere(path));
}

function isThere(path: string): boolean {
  if (!/[<*]/.test(path)) return existsSync(path);
  const parts = path.split(/<[\w-]+>|\*/).map((part) => part.replaceAll(".", "\\."));
  const pattern = new RegExp(`^${parts.join("[^/]+")}$`);
  return files.some((file) => pattern.test(file));
}

/** Source files that stand in backticks by their name alone, and are in no folder. */
function deadNames(text: string): string[] {
  const names = [...text.matchAll(/`([\w.-]+\.(?:ts|mjs|py|md))`/g)].map(([, name]) => name!);
  return names.filter((name) => !files.some((file) => basename(file) === name));
}

function deadScripts(text: string): string[] {
  return [...text.matchAll(/\bnpm run ([\w:-]+)/g)].map(([, name]) => name!).filter((name) => !(name in scripts));
}

for (const document of documents) {
  test(`${document} names what exists`, () => {
    const text = readFileSync(document, "utf8");
    const dead = [...deadLinks(document, text), ...deadPaths(text), ...deadNames(text), ...deadScripts(text)];
    expect(dead).toEqual([]);
  });
}

test("what does not exist is found", () => {
  const text = "[a](no.md) [b](../README.md#speed) [c](../README.md#no) [d](#no) [e](https://example.org/no)";
  expect(deadLinks("docs/speed.md", text)).toEqual(["no.md", "../README.md#no", "#no"]);
  const paths = "`src/no.ts`, src/ops/<family>/conv2d.ts. src/<family>/conv2d.ts and test/*/no-*.ts; atrous/src/no";
  expect(deadPaths(paths)).toEqual(["src/no.ts", "src/<family>/conv2d.ts", "test/*/no-*.ts"]);
  expect(deadNames("`conv2d.ts` `no.ts` `CONFIG.json`")).toEqual(["no.ts"]);
  expect(deadScripts("`npm run check`, `npm run no:such`")).toEqual(["no:such"]);
});

test("README has at most 200 lines", () => {
  expect(readFileSync("README.md", "utf8").trimEnd().split("\n").length).toBeLessThanOrEqual(200);
});
