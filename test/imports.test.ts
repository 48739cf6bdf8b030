// The layers of the architecture: imports point down only, and one file knows Dawn.
import { readdirSync, readFileSync } from "node:fs";
import { dirname, join, relative } from "node:path";
import { expect, test } from "vitest";

/** From the bottom to the top; each layer may import itself and those before it. */
const layers = [
  "shaders",
  "base",
  "report",
  "gpu",
  "ops",
  "graph",
  "formats",
  "overlay",
  "models",
  "parity",
  "segment",
  "train",
  "entry",
  "cli",
  "demo",
];

/** The bench measures the inside of the engine; one command and one page open it. */
const benches = ["bench", "bench-options", "bench-plan"]
  .map((name) => `src/cli/${name}.ts`)
  .concat("src/demo/bench.ts");

/** Formats turn bytes into tensors and graphs; networks are built on them. Tests of order, not of taste. */
function layerOf(file: string): string {
  if (file.startsWith("shaders/")) return "shaders";
  const [, folder, rest] = file.split("/");
  if (rest === undefined) return folder === "index.ts" || folder === "node.ts" ? "entry" : "base";
  return folder!;
}

function sourceFiles(folder: string): string[] {
  return readdirSync(folder, { recursive: true, encoding: "utf8" })
    .map((name) => join(folder, name))
    .filter((name) => name.endsWith(".ts") && !name.endsWith(".d.ts"));
}

function importsOf(file: string): string[] {
  return importsIn(readFileSync(file, "utf8"));
}

/** What is left of them when the types are gone. */
function runtimeImportsOf(file: string): string[] {
  return runtimeImportsIn(readFileSync(file, "utf8"));
}

function runtimeImportsIn(code: string): string[] {
  const isType = (name: string) => /^\s*(type\s|$)/.test(name);
  const withoutTypes = code
    .replaceAll(/^(import|export) type [^;]*;/gm, "")
    .replaceAll(/^(?:import|export) \{([^}]*)\} from[^;]*;/gm, (whole, names: string) =>
      names.split(",").every(isType) ? "" : whole,
    );
  return importsIn(withoutTypes);
}

function importsIn(code: string): string[] {
  return [...code.matchAll(/(?:\bfrom|\bimport|\bimport\()\s*["']([^"']+)["']/g)].map((match) => match[1]!);
}

const files = [...sourceFiles("src"), ...sourceFiles("shaders")];

test("every import points to the same layer or a lower one", () => {
  const wrong: string[] = [];
  for (const file of files) {
    const own = layers.indexOf(layerOf(file));
    expect(own, `layer of ${file}`).toBeGreaterThanOrEqual(0);
    for (const name of importsOf(file).filter((name) => name.startsWith("."))) {
      const target = relative(".", join(dirname(file), name));
      if (target.startsWith("bench/") && benches.includes(file)) continue;
      if (layers.indexOf(layerOf(target)) > own) wrong.push(`${file} -> ${target}`);
    }
  }
  expect(wrong).toEqual([]);
});

test("the rule sees an import that points up", () => {
  expect(layers.indexOf(layerOf("src/graph/run/compile.ts"))).toBeGreaterThan(
    layers.indexOf(layerOf("src/ops/conv/conv2d.ts")),
  );
  expect(layers.indexOf(layerOf("src/cli/main.ts"))).toBeGreaterThan(layers.indexOf(layerOf("src/index.ts")));
});

test("no two files need each other's values", () => {
  const graph = new Map(files.map((file) => [file, targetsOf(file, runtimeImportsOf(file))]));
  expect(circleIn(graph)).toBeUndefined();
});

test("the rule of circles sees one, and none that types alone make", () => {
  const graph = new Map(Object.entries({ a: ["b"], b: ["c"], c: ["b"], d: ["a", "c"] }));
  expect(circleIn(graph)).toEqual(["b", "c", "b"]);
  expect(circleIn(new Map(Object.entries({ a: ["b", "c"], b: ["c"], c: [] })))).toBeUndefined();
  const code =
    'import { type A, b } from "./b.ts";\nimport { type C } from "./c.ts";\nexport type { D } from "./d.ts";\n';
  expect(runtimeImportsIn(`${code}import {\n  type E,\n  f,\n} from "./e.ts";`)).toEqual(["./b.ts", "./e.ts"]);
});

function targetsOf(file: string, imports: readonly string[]): string[] {
  return imports.filter((name) => name.startsWith(".")).map((name) => relative(".", join(dirname(file), name)));
}

/** The first circle that is met, its first file at both ends. */
function circleIn(graph: ReadonlyMap<string, readonly string[]>): string[] | undefined {
  const done = new Set<string>();
  const visit = (file: string, way: readonly string[]): string[] | undefined => {
    if (way.includes(file)) return [...way.slice(way.indexOf(file)), file];
    if (done.has(file)) return undefined;
    done.add(file);
    for (const next of graph.get(file) ?? []) {
      const circle = visit(next, [...way, file]);
      if (circle) return circle;
    }
    return undefined;
  };
  for (const file of graph.keys()) {
    const circle = visit(file, []);
    if (circle) return circle;
  }
  return undefined;
}

test("commands and the demo page use the public API alone", () => {
  const allowed = ["src/index.ts", "src/node.ts", "src/train/index.ts", "package.json"];
  for (const file of files.filter((name) => /^src\/(cli|demo)\//.test(name))) {
    const folder = file.split("/").slice(0, 2).join("/");
    for (const name of importsOf(file).filter((name) => name.startsWith("."))) {
      const target = relative(".", join(dirname(file), name));
      const isAllowed =
        target.startsWith(`${folder}/`) ||
        allowed.includes(target) ||
        (benches.includes(file) && target.startsWith("bench/"));
      expect(isAllowed, `${file} imports ${target}`).toBe(true);
    }
  }
});

test("the bench imports no test, no command and no page", () => {
  for (const file of sourceFiles("bench")) {
    const targets = importsOf(file).map((name) => relative(".", join(dirname(file), name)));
    expect(
      targets.filter((target) => /^(test|src\/(cli|demo))\//.test(target)),
      file,
    ).toEqual([]);
  }
});

test("one file imports Dawn", () => {
  expect(files.filter((file) => importsOf(file).includes("webgpu"))).toEqual(["src/gpu/node.ts"]);
});

test("what browsers get imports no Node module", () => {
  const seen = new Set<string>();
  const visit = (file: string) => {
    if (seen.has(file)) return;
    seen.add(file);
    for (const name of runtimeImportsOf(file)) {
      expect(name.startsWith("node:"), `${file} imports ${name}`).toBe(false);
      if (name.startsWith(".")) visit(relative(".", join(dirname(file), name)));
    }
  };
  visit("src/index.ts");
  expect(seen.size).toBeGreaterThan(30);
  // A step of training is for browsers too; whole trainings and pages bring packages that are larger than all of the engine.
  expect([...seen].filter((file) => /^src\/(report|overlay)\//.test(file))).toEqual([]);
  const training = [...seen].filter((file) => file.startsWith("src/train/") && !file.startsWith("src/train/losses/"));
  expect(training.sort()).toEqual(
    ["loss-scale", "optimizers", "train-state", "train-step", "training-graph"].map(
      (name) => `src/train/loop/${name}.ts`,
    ),
  );
  const packages = [...seen].flatMap((file) => runtimeImportsOf(file).filter((name) => !name.startsWith(".")));
  expect([...new Set(packages)].sort()).toEqual([
    "fast-png",
    "fflate",
    "protobufjs/minimal.js",
    "wgsl-preprocessor/wgsl-preprocessor.js",
  ]);
});
