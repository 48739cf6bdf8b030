// Fails where an export of a public entry has no docblock: `npm run check`.
//   node docblocks.mjs
import { relative, resolve } from "node:path";
import { API, SymbolFlags } from "typescript/unstable/sync";

const entries = ["src/index.ts", "src/node.ts", "src/train/index.ts"];
const api = new API({ cwd: process.cwd() });
const { checker, program } = api.updateSnapshot({ openProjects: [resolve("tsconfig.build.json")] }).getProjects()[0];

const lacking = new Set();
for (const entry of entries) {
  const exported = checker.getExportsOfModule(checker.getSymbolAtLocation(program.getSourceFile(resolve(entry))));
  for (const symbol of exported) {
    const declared = symbol.flags & SymbolFlags.Alias ? checker.getAliasedSymbol(symbol) : symbol;
    if (checker.getDocumentationCommentOfSymbol(declared).trim() !== "") continue;
    lacking.add(`${relative("", declared.declarations[0].resolve().getSourceFile().fileName)}: ${symbol.name}`);
  }
}
api.close();
for (const text of lacking) console.error(`${text} is public and has no docblock`);
if (lacking.size > 0) process.exitCode = 1;
