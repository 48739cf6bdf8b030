// Builds dist/: the library, Node's part of it, the command line with the bench, and the project's own scripts.
//   node esbuild.config.mjs            everything
//   node esbuild.config.mjs --demo     the demo pages in dist/demo, served until the process is stopped
//   node esbuild.config.mjs --sizes    prints what the browser bundles weigh
//   node esbuild.config.mjs --gpu      the command line in dist/gpu, for machines that have native packages only
import { cp, mkdir, readdir, readFile, rm } from "node:fs/promises";
import { gzipSync } from "node:zlib";
import { build, context } from "esbuild";

const shared = { bundle: true, format: "esm", target: "es2022", logLevel: "warning" };
const browser = { ...shared, platform: "browser", minify: true };

/** What stays a package: natives, what only the command line needs, and `benchmark`, which breaks when bundled. */
const external = [
  "@jax-js/jax",
  "@sparticuz/chromium",
  "@tensorflow/tfjs-backend-webgpu",
  "@tensorflow/tfjs-core",
  "benchmark",
  "cli-progress",
  "commander",
  "koffi",
  "onnxruntime-node",
  "protobufjs",
  "webgpu",
];

async function buildNode() {
  for (const name of await readdir("dist").catch(() => [])) {
    if (name.startsWith("chunk-")) await rm(`dist/${name}`, { force: true });
  }
  await build({ ...browser, entryPoints: { "atrous.browser": "src/index.ts" }, outdir: "dist" });
  await build({
    ...shared,
    platform: "node",
    target: "node20",
    external,
    sourcemap: true,
    splitting: true,
    chunkNames: "chunk-[hash]",
    entryPoints: {
      atrous: "src/index.ts",
      node: "src/node.ts",
      cli: "src/cli/main.ts",
      performance: "bench/performance.ts",
      score: "weights/score.ts",
      "start-child": "bench/start-child.ts",
    },
    outdir: "dist",
  });
}

/** Everything that is JavaScript goes into the bundle but `benchmark`, which breaks there. */
async function buildGpu() {
  const native = ["@sparticuz/chromium", "benchmark", "koffi", "onnxruntime-node", "webgpu"];
  // Packages written for `require` ask for Node's modules by it.
  const banner = {
    js: 'import { createRequire as requireFrom } from "node:module"; const require = requireFrom(import.meta.url);',
  };
  await build({
    ...shared,
    platform: "node",
    target: "node20",
    external: native,
    splitting: true,
    banner,
    entryPoints: { cli: "src/cli/main.ts", "start-child": "bench/start-child.ts" },
    outdir: "dist/gpu",
  });
}

async function serveDemo() {
  await mkdir("dist/demo/sample", { recursive: true });
  for (const page of ["index.html", "bench.html"]) await cp(`src/demo/${page}`, `dist/demo/${page}`);
  await cp("weights/msff-resnet18-lumbar-small.safetensors", "dist/demo/msff-resnet18-lumbar-small.safetensors");
  await cp("weights/sample", "dist/demo/sample", { recursive: true });
  const demo = await context({
    ...browser,
    entryPoints: { demo: "src/demo/demo.ts", bench: "src/demo/bench.ts" },
    outdir: "dist/demo",
  });
  const { port } = await demo.serve({ servedir: "dist/demo", host: "127.0.0.1" });
  console.log(`http://127.0.0.1:${port}/   (stop with Ctrl+C)`);
}

/** Core: device, graph, operators. All: networks and formats too. */
async function printSizes() {
  const entries = { core: "test/browser/core.ts", all: "src/index.ts" };
  await build({ ...browser, entryPoints: entries, outdir: "dist/sizes" });
  for (const name of Object.keys(entries)) {
    const bytes = await readFile(`dist/sizes/${name}.js`);
    console.log(`${name.padEnd(5)} ${bytes.length} bytes, ${gzipSync(bytes, { level: 9 }).length} gzip`);
  }
}

if (process.argv.includes("--demo")) await serveDemo();
else if (process.argv.includes("--sizes")) await printSizes();
else if (process.argv.includes("--gpu")) await buildGpu();
else await buildNode();
