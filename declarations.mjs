// Writes dist/types: the declarations of the public entries, for users who have none of the packages that were bundled.
//   node declarations.mjs
//
// The compiler's declarations, but for these things:
// - Types that Zod infers from a schema are written out, and the schemas are left out: Zod is bundled.
// - `Uint8Array<ArrayBuffer>` is written so that TypeScript before 5.7, whose typed arrays have no parameter, reads it too.
// - TypeScript before 6 has no types of WebGPU: entries of its own ask for those of the package @webgpu/types.
// - Files that no entry reaches are removed.
import { execFileSync } from "node:child_process";
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join, relative, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { API, NodeBuilderFlags } from "typescript/unstable/sync";

const output = "dist/types";
const entries = { atrous: "src/index.ts", node: "src/node.ts", train: "src/train/index.ts" };
const { dependencies } = JSON.parse(readFileSync("package.json", "utf8"));

rmSync(output, { recursive: true, force: true });
execFileSync(fileURLToPath(import.meta.resolve("typescript/package.json")).replace("package.json", "bin/tsc"), [
  "-p",
  "tsconfig.build.json",
]);

const api = new API({ cwd: process.cwd() });
const project = api.updateSnapshot({ openProjects: [resolve("tsconfig.build.json")] }).getProjects()[0];

const declarationOf = (path) => path.replace(/\.ts$/, ".d.ts");
const reached = new Set(Object.values(entries).map((path) => join(output, declarationOf(path))));
for (const file of reached) {
  const text = withPlainArrays(withoutZod(readFileSync(file, "utf8"), file));
  writeFileSync(file, text);
  for (const [, name] of text.matchAll(/(?:\bfrom |\bimport\()"([^"]+)"/g)) {
    if (name.startsWith(".")) reached.add(join(dirname(file), declarationOf(name)));
    else if (!Object.hasOwn(dependencies, name)) throw new Error(`${file}: names ${name}, which users need not have`);
  }
}
api.close();
for (const name of readdirSync(output, { recursive: true, encoding: "utf8" })) {
  const path = join(output, name);
  if (name.endsWith(".d.ts") && existsSync(path) && !reached.has(path)) rmSync(path);
}

mkdirSync(join(output, "typescript-5"));
for (const [name, path] of Object.entries(entries)) {
  const text = `/// <reference types="@webgpu/types" />\nexport * from "../${path}";\n`;
  writeFileSync(join(output, "typescript-5", `${name}.d.ts`), text);
}

/** Without schemas, with what their types say. */
function withoutZod(text, file) {
  if (!text.includes('from "zod"')) return text;
  // Statements begin in the first column, those with a docblock with that.
  return text
    .split(/(?<!\*\/\n)^(?=\/\*\*|(?:import|export|declare|type|interface)\b)/m)
    .filter((statement) => !/^(import .* from "zod"|(export )?declare (const|function) .*\bz\.)/ms.test(statement))
    .map((statement) =>
      statement.replace(
        /^((?:export )?type (\w+) = ).*\bz\..*;$/ms,
        (_, head, name) => `${head}${writtenOut(file, name)};`,
      ),
    )
    .join("");
}

/** The type that a name stands for, member by member. */
function writtenOut(file, name) {
  const source = resolve(relative(output, file).replace(/\.d\.ts$/, ".ts"));
  const at = readFileSync(source, "utf8").search(new RegExp(`(?<=^(export )?type )${name} =`, "m"));
  const { checker, program } = project;
  const type = checker.getDeclaredTypeOfSymbol(checker.getSymbolAtPosition(source, at));
  const { NoTruncation, InTypeAlias, MultilineObjectLiterals } = NodeBuilderFlags;
  const flags = NoTruncation | InTypeAlias | MultilineObjectLiterals;
  return checker.typeToString(type, program.getSourceFile(source), flags);
}

/** `of` gives arrays of a buffer of their own in every version. */
function withPlainArrays(text) {
  return text.replaceAll(/\b(\w+Array)<ArrayBuffer>/g, "ReturnType<typeof $1.of>");
}
