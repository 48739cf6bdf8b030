// Checkpoints of PyTorch on the command line: made here of a golden's weights, so that nothing needs Python.
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { beforeAll, expect, test } from "vitest";
import { writePng } from "../../src/formats/png/index.ts";
import { readSafetensors } from "../../src/formats/safetensors/index.ts";
import { buildModel } from "../formats/onnx/build.ts";
import { checkpoint } from "../formats/pytorch/build.ts";
import { atrous, modelPath, testFolder } from "./command.ts";

const folder = testFolder();
const file = (name: string) => join(folder, name);
const adapter = ["--adapter", process.env.ATROUS_TEST_ADAPTER ?? "auto"];
const golden = await readSafetensors(new Uint8Array(readFileSync(modelPath)));
const chosen = ["--network", "msff-resnet18", "--options", golden.metadata["atrous.options"] ?? "{}"];
const extra = Array.from({ length: 9 }, (_, n) => `extra${n}.num_batches_tracked`);

beforeAll(() => {
  const one = { shape: [1], data: Float32Array.of(1) };
  const tensors = [...golden.tensors].map(
    ([name, { shape, data }]) => [`module.${name}`, { shape, data: data as Float32Array }] as const,
  );
  const extras = extra.map((name) => [`module.${name}`, one] as const);
  writeFileSync(file("net.pth"), checkpoint(Object.fromEntries([...tensors, ...extras])));
  writeFileSync(file("short.pth"), checkpoint(Object.fromEntries(tensors.slice(1))));
  writeFileSync(file("relu.onnx"), buildModel({ inputs: { x: [1, 3, 8, 8] }, nodes: [{ op: "Relu", inputs: ["x"] }] }));
});

test("convert writes a model file with the same weights, and lists what it leaves out", async () => {
  const { code, stdout, stderr } = await atrous("convert", file("net.pth"), file("net.safetensors"), ...chosen);
  expect([code, stdout]).toEqual([0, ""]);
  expect(stderr).toBe(
    `${file("net.safetensors")}: ${golden.tensors.size} tensors of msff-resnet18\n` +
      `left out, as the network does not have them: 9 tensors: ${extra.slice(0, 8).join(", ")}, and 1 more\n`,
  );
  const { tensors, metadata } = await readSafetensors(file("net.safetensors"));
  expect(new Set(tensors.keys())).toEqual(new Set(golden.tensors.keys()));
  for (const [name, { shape, data }] of golden.tensors) {
    expect(tensors.get(name), name).toEqual({ dtype: "F32", shape, data });
  }
  expect(metadata["atrous.network"]).toBe("msff-resnet18");
  expect(JSON.parse(metadata["atrous.options"]!)).toMatchObject(JSON.parse(golden.metadata["atrous.options"]!));
  expect((await atrous("inspect", file("net.safetensors"), "--shape", "1,3,64,96")).code).toBe(0);
});

test("labels and preparation make a file that segment takes", async () => {
  const preprocess = '{"spacingMm":0.5,"normalize":"min-max"}';
  const given = [...chosen, "--labels", "background,disc", "--preprocess", preprocess];
  const { code, stderr } = await atrous("convert", file("net.pth"), file("whole.safetensors"), ...given);
  expect(code, stderr).toBe(0);
  const { metadata } = await readSafetensors(file("whole.safetensors"));
  expect(JSON.parse(metadata["atrous.labels"]!)).toEqual(["background", "disc"]);
  expect(JSON.parse(metadata["atrous.preprocess"]!)).toEqual({
    ...{ spacingMm: 0.5, normalize: "min-max", padMultiple: 32, minSize: 32, padValue: 0 },
  });
  const data = Uint8Array.from({ length: 40 * 40 }, (_, n) => (n * 7) % 256);
  writeFileSync(file("slice.png"), writePng({ width: 40, height: 40, channels: 1, data }));
  const output = ["-o", file("mask.png"), "--model", file("whole.safetensors"), "--spacing", "0.5"];
  const segmented = await atrous("segment", file("slice.png"), ...output, ...adapter);
  expect(segmented.code, segmented.stderr).toBe(0);
});

test("inspect reads a checkpoint with its network, and lists what the network does not have", async () => {
  const { code, stdout } = await atrous("inspect", file("net.pth"), ...chosen, "--shape", "1,3,64,96");
  expect(code).toBe(0);
  const lines = stdout.replaceAll(/\n? +/g, " ");
  expect(lines).toContain(`not used 9 tensors: ${extra.slice(0, 8).join(", ")}, and 1 more\n`);
  const json = await atrous("inspect", file("net.pth"), ...chosen, "--shape", "1,3,64,96", "--json");
  expect(JSON.parse(json.stdout)).toMatchObject({ network: "msff-resnet18", unused: extra });
});

test.each([
  ["no network", "convert @net.pth @x.safetensors", /required option '--network <name>' not specified/],
  [
    "an unknown network",
    "convert @net.pth @x.safetensors --network u-net",
    /network: got "u-net", expected one of anu/,
  ],
  ["options that are no JSON", "convert @net.pth @x --network unet --options classes=1", /Expected JSON of an object/],
  ["an unknown option", 'convert @net.pth @x --network unet --options {"a":1}', /unet: options: unknown option "a"/],
  ["a preparation that is none", "convert @net.pth @x --network unet --preprocess {}", /preprocess: normalize is/],
  ["the input as output", "convert @net.pth @net.pth --network unet", /net\.pth: is one of the inputs/],
  ["another network", "convert @net.pth @x --network unet", /net\.pth: does not fit the network: \d+ missing/],
  ["an ONNX model", "convert @relu.onnx @x --network unet", /relu\.onnx: is an ONNX model/],
  ["ONNX with a network", "inspect @relu.onnx --network unet", /--network: an ONNX model is its own network/],
  ["no network to inspect", "inspect @net.pth", /net\.pth: metadata has no "atrous\.network", and no network is given/],
  ["a network twice", `inspect ${modelPath} --network unet`, /names its network itself, "msff-resnet18"/],
])("%s is refused", async (_, line, message) => {
  const { code, stderr } = await atrous(...line.split(" ").map((word) => word.replace(/^@/, `${folder}/`)));
  expect(code).toBe(2);
  expect(stderr).toMatch(message);
  expect(stderr.trim().split("\n").length).toBe(1);
});

test("a read-only file is replaced where it is forced alone", async () => {
  writeFileSync(file("kept.safetensors"), "kept", { mode: 0o444 });
  const convert = (...more: string[]) =>
    atrous("convert", file("net.pth"), file("kept.safetensors"), ...chosen, ...more);
  const refused = await convert();
  expect(refused.code).toBe(2);
  expect(refused.stderr).toMatch(/kept\.safetensors: is read-only, expected another name, or --force to replace it/);
  expect(readFileSync(file("kept.safetensors"), "utf8")).toBe("kept");
  const forced = await convert("--force");
  expect(forced.code, forced.stderr).toBe(0);
  expect((await readSafetensors(new Uint8Array(readFileSync(file("kept.safetensors"))))).tensors.size).toBe(
    golden.tensors.size,
  );
});

test("a tensor that is missing is an error, and no file is written", async () => {
  const { code, stderr } = await atrous("convert", file("short.pth"), file("none.safetensors"), ...chosen);
  expect(code).toBe(2);
  expect(stderr).toMatch(/short\.pth: does not fit the network: 1 missing \("/);
  expect(() => readFileSync(file("none.safetensors"))).toThrow("ENOENT");
});
