// Weights in files beside the model: where they may lie, and where not.
import { mkdirSync, symlinkSync, writeFileSync } from "node:fs";
import { createServer, type Server } from "node:http";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { afterAll, beforeAll, expect, test } from "vitest";
import { FormatError, UsageError } from "../../../src/errors.ts";
import { importOnnx } from "../../../src/formats/onnx/index.ts";
import { scratchFolder } from "../../support/scratch.ts";
import { buildModel, dataType } from "./build.ts";

const folder = scratchFolder();
const models = join(folder, "models");
const values = Float32Array.of(9, 1, 2, 3);
const bytes = new Uint8Array(values.buffer);
let server: Server;
let address = "";
const asked: string[] = [];

beforeAll(async () => {
  mkdirSync(join(models, "data"), { recursive: true });
  for (const path of ["outside.bin", "models/beside.bin", "models/data/below.bin", "models/a b.bin"]) {
    writeFileSync(join(folder, path), bytes);
  }
  symlinkSync(join(folder, "outside.bin"), join(models, "link.bin"));
  symlinkSync("beside.bin", join(models, "inner-link.bin"));
  symlinkSync(folder, join(models, "up"));
  server = createServer((request, response) => {
    asked.push(request.url ?? "");
    const isModel = request.url?.startsWith("/models/m.onnx");
    const body = isModel
      ? model({ location: "data/w.bin" })
      : request.url === "/models/data/w.bin?key=1"
        ? bytes
        : undefined;
    response.writeHead(body ? 200 : 404);
    response.end(body);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const at = server.address();
  if (at !== null && typeof at === "object") address = `http://127.0.0.1:${at.port}`;
});
afterAll(() => {
  server.close();
});

/** y = x + w, with w of three numbers somewhere else. */
function model(place: Readonly<Record<string, string>>): Uint8Array {
  const external = Object.entries({ offset: "4", length: "12", ...place }).map(([key, value]) => ({ key, value }));
  return buildModel({
    inputs: { x: [3] },
    nodes: [{ op: "Add", inputs: ["x", "w"] }],
    initializers: [{ name: "w", dims: [3], data_type: dataType.f32, data_location: 1, external_data: external }],
  });
}

async function readWeight(origin: string | URL, place: Readonly<Record<string, string>>): Promise<number[]> {
  if (!/^http/.test(String(origin))) writeFileSync(join(models, "m.onnx"), model(place));
  const imported = await importOnnx(origin);
  try {
    return [...(await imported.weights.readF32("w"))];
  } finally {
    await imported.close();
  }
}

const path = join(models, "m.onnx");

test.each(["beside.bin", "data/below.bin", "a b.bin", "./beside.bin", "inner-link.bin"])(
  "read from %s",
  async (location) => {
    expect(await readWeight(path, { location })).toEqual([1, 2, 3]);
    expect(await readWeight(pathToFileURL(path), { location })).toEqual([1, 2, 3]);
  },
);

const escapes: readonly [string, RegExp][] = [
  ["../outside.bin", /expected a path inside the file's own folder/],
  ["data/../../outside.bin", /expected a path inside/],
  ["..\\outside.bin", /expected a path inside/],
  [join(folder, "outside.bin"), /expected a path inside/],
  ["C:\\outside.bin", /expected a path inside/],
  ["file:///etc/hostname", /expected a path inside/],
  ["\\\\server\\share", /expected a path inside/],
  ["", /expected a path inside/],
  ["a\0b", /expected a path inside/],
  ["link.bin", /a symbolic link out of the file's own folder/],
  ["up/outside.bin", /a symbolic link out of the file's own folder/],
  ["missing.bin", /missing\.bin: no such file/],
  ["data", /is a folder/],
];

test.each(escapes)("refused: %j", async (location, message) => {
  const error: unknown = await readWeight(path, { location }).catch((thrown: unknown) => thrown);
  expect(error).toBeInstanceOf(FormatError);
  expect(String(error)).toMatch(message);
});

test("the place in the file is checked", async () => {
  const location = "beside.bin";
  await expect(readWeight(path, { location, offset: "8" })).rejects.toThrow(/a read leaves the file/);
  await expect(readWeight(path, { location, offset: "-4" })).rejects.toThrow(/offset is "-4"/);
  await expect(readWeight(path, { location, length: "1e9" })).rejects.toThrow(/length is "1e9"/);
  await expect(readWeight(path, { location, length: "8" })).rejects.toThrow(
    /shape and bytes disagree, got 8 bytes, expected 12/,
  );
});

test("of a model behind a URL the weights are too, with its query", async () => {
  expect(await readWeight(`${address}/models/m.onnx?key=1`, {})).toEqual([1, 2, 3]);
  expect(asked).toContain("/models/data/w.bin?key=1");
});

test("bytes have no folder: their weights are given", async () => {
  const file = model({ location: "w.bin" });
  await expect(importOnnx(file)).rejects.toThrow(UsageError);
  const imported = await importOnnx(file, { externalData: { "w.bin": bytes } });
  expect([...(await imported.weights.readF32("w"))]).toEqual([1, 2, 3]);
  await expect(importOnnx(file, { externalData: { "v.bin": bytes } })).rejects.toThrow(/got no "w\.bin"/);
});
