import { expect, test, vi } from "vitest";
import { FormatError, UsageError } from "../../../src/errors.ts";
import { type ByteSource, blobSource, bytesSource, openSource, readAll } from "../../../src/formats/source/source.ts";

const bytes = Uint8Array.from({ length: 20 }, (_, i) => i * 3);

const sources: [string, () => ByteSource][] = [
  ["bytes", () => bytesSource(bytes)],
  ["a buffer", () => bytesSource(bytes.buffer)],
  ["a view", () => bytesSource(Uint8Array.from([7, ...bytes, 7]).subarray(1, 21))],
  ["a blob", () => blobSource(new Blob([bytes]))],
];

test.each(sources)("%s: ranges are read, the ends included", async (_, open) => {
  const source = open();
  expect(source.size).toBe(20);
  expect(await source.read(3, 4)).toEqual(bytes.slice(3, 7));
  expect(await source.read(20, 0)).toEqual(new Uint8Array(0));
  expect(await readAll(source)).toEqual(bytes);
});

test.each(sources)("%s: what was read belongs to the reader", async (_, open) => {
  const source = open();
  const before = (await source.read(0, 20)).slice();
  (await source.read(0, 20)).fill(99);
  expect(await readAll(source)).toEqual(before);
});

test.each([
  [-1, 1],
  [0, 21],
  [21, 0],
  [20, 1],
  [0.5, 1],
  [0, Number.NaN],
  [2 ** 53, 1],
])("a read of byte %d, length %d leaves the file", async (offset, length) => {
  await expect(bytesSource(bytes, "b").read(offset, length)).rejects.toThrow(
    new FormatError(
      `b: a read leaves the file, got ${length} bytes from byte ${offset}, expected a range within 20 bytes`,
    ),
  );
});

test("a closed source is not read, and may be closed again", async () => {
  const source = bytesSource(bytes, "b");
  await source.close();
  await source.close();
  await expect(source.read(0, 1)).rejects.toThrow(new UsageError("b: read after close"));
});

test("a blob keeps its file's name, and is not read before it must be", async () => {
  expect(blobSource(new File([bytes], "scan.nii")).name).toBe("scan.nii");
  expect(blobSource(new Blob([bytes])).name).toBe("(blob)");
  expect(blobSource(new File([bytes], "scan.nii"), "mine").name).toBe("mine");
});

test("origins go where they belong", async () => {
  for (const origin of [bytes, bytes.buffer, new Blob([bytes])]) {
    expect(await readAll(await openSource(origin))).toEqual(bytes);
  }
  expect(await readAll(await openSource("data:application/octet-stream;base64,AAM="))).toEqual(Uint8Array.of(0, 3));
  for (const path of ["a/b.png", "C:\\scans\\a.png", "http.png"]) {
    await expect(openSource(path)).rejects.toThrow(new FormatError(`${path}: no such file`));
  }
});

test("a path where there are neither files nor a page", async () => {
  vi.stubGlobal("process", undefined);
  try {
    await expect(openSource("a.png")).rejects.toThrow(
      new UsageError("a.png: there are no files here, expected a URL or bytes"),
    );
  } finally {
    vi.unstubAllGlobals();
  }
});

test("more than the process can hold is an error with the file's name", async () => {
  const huge = 2 ** 52;
  const blob = { size: huge, slice: () => ({ arrayBuffer: async () => new ArrayBuffer(huge) }) } as unknown as Blob;
  await expect(blobSource(blob, "huge").read(0, huge)).rejects.toThrow(
    new FormatError(`huge: ${huge} bytes are more than this process can hold at once`),
  );
});
