// Builds dist/: the library for browsers, Node's part of it, and the command line.
// `--metafile` also writes dist/meta.json for looking at sizes.
import { writeFile } from "node:fs/promises";
import { build } from "esbuild";

const dependencies = ["commander", "cli-progress", "webgpu", "koffi", "@sparticuz/chromium", "onnxruntime-node", "benchmark", "protobufjs"];
const shared = { bundle: true, format: "esm", target: "es2022", sourcemap: true, metafile: true, logLevel: "warning" };
const node = { ...shared, platform: "node", target: "node20", external: dependencies };

const library = await build({
  ...node,
  entryPoints: { atrous: "src/index.ts", node: "src/node.ts", cli: "src/cli/main.ts", bench: "bench/main.ts" },
  outdir: "dist",
  splitting: true,
});
if (process.argv.includes("--metafile")) await writeFile("dist/meta.json", JSON.stringify(library.metafile));
