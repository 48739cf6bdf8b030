// What the importer costs those who do not call it, and what it asks of a page.
import { build } from "esbuild";
import { beforeAll, expect, test } from "vitest";

let files: { readonly path: string; readonly text: string; readonly inputs: string[]; readonly atOnce: string[] }[];

beforeAll(async () => {
  const { outputFiles, metafile } = await build({
    entryPoints: ["src/index.ts"],
    bundle: true,
    splitting: true,
    format: "esm",
    platform: "browser",
    target: "es2022",
    outdir: "out",
    write: false,
    metafile: true,
    logLevel: "error",
  });
  files = outputFiles.map(({ path, text }) => {
    const own = Object.entries(metafile.outputs).find(([name]) => path.endsWith(name))![1];
    const atOnce = own.imports.filter(({ kind }) => kind === "import-statement").map((imported) => imported.path);
    return { path, text, inputs: Object.keys(own.inputs), atOnce };
  });
});

test("the importer and its protocol buffers are not loaded before they are called", () => {
  const entry = files.find(({ path }) => path.endsWith("out/index.js"))!;
  const first = [entry, ...files.filter(({ path }) => entry.atOnce.some((name) => path.endsWith(name)))];
  const loaded = first.flatMap(({ inputs }) => inputs);
  expect(loaded).toContain("src/formats/onnx/load.ts");
  expect(loaded.filter((name) => /protobufjs|formats\/onnx\/(import|decode|operators)/.test(name))).toEqual([]);
});

test("nor is the reader of pickles", () => {
  const entry = files.find(({ path }) => path.endsWith("out/index.js"))!;
  const first = [entry, ...files.filter(({ path }) => entry.atOnce.some((name) => path.endsWith(name)))];
  const loaded = first.flatMap(({ inputs }) => inputs).filter((name) => name.includes("formats/pytorch/"));
  expect(loaded.toSorted()).toEqual(["src/formats/pytorch/index.ts", "src/formats/pytorch/load.ts"]);
  expect(files.flatMap(({ inputs }) => inputs)).toContain("src/formats/pytorch/unpickle.ts");
});

test("nothing makes code of text, which a page's security policy may forbid", () => {
  const importer = files.find(({ inputs }) => inputs.includes("src/formats/onnx/decode.ts"))!;
  expect(importer.inputs.some((name) => name.includes("protobufjs"))).toBe(true);
  for (const { path, text } of files) expect(/\beval\(|\bFunction\(/.exec(text)?.[0], path).toBeUndefined();
});
