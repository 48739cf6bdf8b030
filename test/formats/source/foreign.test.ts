// What stands in a model's place is named by its content, whatever the file is called, and by every reader of models.
import { randomBytes } from "node:crypto";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { afterAll, describe, expect, test } from "vitest";
import { FormatError } from "../../../src/errors.ts";
import { openOnnx } from "../../../src/formats/onnx/file.ts";
import { isOnnx } from "../../../src/formats/onnx/index.ts";
import { openSafetensors } from "../../../src/formats/safetensors/index.ts";
import { requireModel } from "../../../src/formats/source/foreign.ts";

const folder = mkdtempSync(join(tmpdir(), "atrous-foreign-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const page = "is a web page, expected a model file: the server answered with a page, check the address";
const pointer = "is a pointer of Git LFS, expected a model file: fetch the file itself with `git lfs pull`";
/** A checkpoint of PyTorch is opened as one, and then refused in its reader's words: pytorch.test.ts. */
async function openedByContent(path: string): Promise<void> {
  if (!(await isOnnx(path))) await openSafetensors(path);
}

const checkpoint = "make safetensors of a checkpoint with `atrous convert`, or export the network to ONNX";
const cases: [string, string | Uint8Array, string][] = [
  ["a page", "<!DOCTYPE html><html><body>Sign in</body></html>", page],
  ["a page behind white space", "\n  <html lang=en>", page],
  ["a page with a byte order mark", "\ufeff<!doctype html>", page],
  ["an error of a bucket", '<?xml version="1.0"?><Error><Code>AccessDenied</Code></Error>', page],
  ["a pointer of Git LFS", "version https://git-lfs.github.com/spec/v1\noid sha256:00\nsize 1\n", pointer],
  [
    "gzip that looks like a header of 559,903 bytes",
    gzipSync(randomBytes(600_000)),
    "is compressed with gzip, expected",
  ],
  ["gzip", gzipSync("{}"), "is compressed with gzip, expected a model file: decompress it first"],
  [
    "zip",
    Uint8Array.of(0x50, 0x4b, 3, 4, 0, 0, 8, 8, 0, 0),
    `is a zip archive, as PyTorch's .pt and .pth files are, expected a model file: ${checkpoint}`,
  ],
  [
    "a pickle",
    Uint8Array.of(0x80, 2, 0x8a, 0x0a, 0x6c, 0xfc, 0x9c, 0x46, 0xf9, 0x20),
    `is a pickle, as PyTorch's .pt and .pth files were, expected a model file: ${checkpoint}`,
  ],
];

describe.each(cases)("%s", (what, content, message) => {
  test.each([
    [".onnx", openOnnx],
    [".safetensors", openSafetensors],
    ["", openedByContent],
  ])("under a name that ends in %j", async (ending, open: (path: string) => Promise<unknown>) => {
    const path = join(folder, `${what.replaceAll(" ", "-")}${ending}`);
    writeFileSync(path, content);
    const opening = open(path);
    await expect(opening).rejects.toThrow(`${path}: ${message}`);
    await expect(opening).rejects.toBeInstanceOf(FormatError);
  });
});

test("the length of a header may look like anything", () => {
  const start = Uint8Array.of(0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0x7b);
  expect(() => requireModel(start, "model")).not.toThrow();
});
