// Builds dist/: the library, Node's part of it, the command line with the bench, and the project's own scripts.
//   node esbuild.config.mjs            everything
//   node esbuild.config.mjs --demo     the demo pages in dist/demo, served until the process is stopped
//   node esbuild.config.mjs --sizes    prints what the browser bundles weigh
//   node esbuild.config.mjs --operators   the writer of docs/operators.md's table, dist/operators.js
//   node esbuild.config.mjs --gpu      the command line in dist/gpu, for machines that have native packages only
import { cp, mkdir, readdir, readFile, rm } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import { gzipSync } from "node:zlib";
import { build, context } from "esbuild";

const shared = { bundle: true, format: "esm", target: "es2022", logLevel: "warning" };

/** Shaders are text that no minifier sees: their indentation, comments and blank lines go. */
const compactShaders = {
  name: "shaders without white space",
  setup({ onLoad }) {
    onLoad({ filter: /[\\/]shaders[\\/].*\.ts$/ }, async ({ path }) => ({
      contents: (await readFile(path, "utf8")).replace(/\n\s*\/\/.*/g, "").replace(/\n\s+/g, "\n"),
      loader: "ts",
    }));
  },
};

const browser = { ...shared, platform: "browser", minify: true, plugins: [compactShaders] };

const chunks = { splitting: true, chunkNames: "chunk-[hash]" };

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
  "webgpu",
];

/** TensorFlow.js ships its gradients as modules that Node does not load as they are; they find its engine through a global. */
const gradients = {
  name: "gradients of TensorFlow.js",
  setup({ onResolve }) {
    onResolve({ filter: /^@tensorflow\/tfjs-core\/dist\/register_all_gradients\.js$/ }, ({ path }) => ({
      path: fileURLToPath(import.meta.resolve(path)),
    }));
  },
};

async function buildNode() {
  for (const name of await readdir("dist").catch(() => [])) {
    if (name.startsWith("chunk-")) await rm(`dist/${name}`, { force: true });
  }
  // The ONNX importer is a chunk of its own, loaded when it is first called.
  await build({ ...browser, ...chunks, entryPoints: { "atrous.browser": "src/index.ts" }, outdir: "dist" });
  await build({
    ...shared,
    platform: "node",
    target: "node20",
    external,
    plugins: [gradients],
    sourcemap: true,
    ...chunks,
    entryPoints: {
      atrous: "src/index.ts",
      node: "src/node.ts",
      train: "src/train/index.ts",
      cli: "src/cli/main.ts",
      performance: "bench/performance.ts",
      networks: "bench/networks.ts",
      score: "weights/score.ts",
      ablation: "weights/training/ablation.ts",
      phantom: "weights/phantom/generate.ts",
      "start-child": "bench/start-child.ts",
      "data-worker": "src/train/node/data-worker.ts",
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
    entryPoints: {
      cli: "src/cli/main.ts",
      "start-child": "bench/start-child.ts",
      "data-worker": "src/train/node/data-worker.ts",
    },
    outdir: "dist/gpu",
  });
}

async function buildOperatorTable() {
  const entryPoints = { operators: "test/support/write-operator-table.ts" };
  await build({ ...shared, platform: "node", target: "node20", packages: "external", entryPoints, outdir: "dist" });
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

/** Core: device, graph, operators. All: networks and formats too. Chunks: what is loaded on demand, and what it shares. */
async function printSizes() {
  const entries = { core: "test/browser/core.ts", all: "src/index.ts" };
  for (const [name, entry] of Object.entries(entries)) {
    const outdir = `dist/sizes/${name}`;
    const options = { ...browser, ...chunks, entryPoints: { [name]: entry }, outdir, metafile: true };
    const { metafile } = await build(options);
    const outputs = Object.entries(metafile.outputs);
    const load = ([, { imports }]) => imports.filter(({ kind }) => kind === "import-statement").map(({ path }) => path);
    const first = outputs.find(([path]) => path === `${outdir}/${name}.js`);
    const atOnce = new Set([first[0], ...load(first)]);
    await printSize(name, [...atOnce]);
    const later = outputs.map(([path]) => path).filter((path) => !atOnce.has(path));
    if (later.length > 0) await printSize(`${name}, on demand`, later);
  }
}

async function printSize(name, paths) {
  const files = await Promise.all(paths.map((path) => readFile(path)));
  const bytes = files.reduce((sum, file) => sum + file.length, 0);
  const gzip = files.reduce((sum, file) => sum + gzipSync(file, { level: 9 }).length, 0);
  console.log(`${name.padEnd(14)} ${bytes} bytes, ${gzip} gzip`);
}

if (process.argv.includes("--demo")) await serveDemo();
else if (process.argv.includes("--sizes")) await printSizes();
else if (process.argv.includes("--gpu")) await buildGpu();
else if (process.argv.includes("--operators")) await buildOperatorTable();
else await buildNode();
