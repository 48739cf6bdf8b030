import { execFileSync } from "node:child_process";
import {
  chmodSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  statSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { expect, test } from "vitest";
import { FormatError, UsageError } from "../../../src/errors.ts";
import { fileSource } from "../../../src/formats/source/file.ts";
import { openSource, readAll } from "../../../src/formats/source/source.ts";
import { writeFileAtomic } from "../../../src/formats/write-file.ts";
import { scratchFolder } from "../../support/scratch.ts";

const folder = scratchFolder();
const bytes = Uint8Array.from({ length: 1000 }, (_, i) => i % 251);
const path = join(folder, "a.bin");
writeFileSync(path, bytes);

const isRoot = process.getuid?.() === 0;
const onPosix = process.platform !== "win32";

test("a file is read in ranges, by path and by file URL", async () => {
  const source = await fileSource(path);
  expect([source.name, source.size]).toEqual([path, 1000]);
  const reads = await Promise.all([0, 990, 500].map((offset) => source.read(offset, 10)));
  expect(reads).toEqual([bytes.slice(0, 10), bytes.slice(990), bytes.slice(500, 510)]);
  await source.close();
  await source.close();
  await expect(source.read(0, 1)).rejects.toThrow(new UsageError(`${path}: read after close`));
  const byUrl = await openSource(pathToFileURL(path));
  expect(await readAll(byUrl)).toEqual(bytes);
  await byUrl.close();
});

test("no such file, a folder, a file as a folder, a NUL, a name too long", async () => {
  const refuse = async (given: string, reason: string) =>
    expect(fileSource(given)).rejects.toThrow(new FormatError(`${given.replaceAll("\0", "\\0")}: ${reason}`));
  await refuse(join(folder, "none"), "no such file");
  await refuse("", "no such file");
  await refuse(folder, "is a folder, expected a file");
  await refuse(join(path, "x"), "no such file, a part of its path is not a folder");
  await refuse("a\0b", "is not a path, got a NUL character in it");
  await refuse(join(folder, "x".repeat(300)), "the name is too long");
});

test.runIf(onPosix)("a pipe is refused without waiting for it", async () => {
  const pipe = join(folder, "pipe");
  execFileSync("mkfifo", [pipe]);
  await expect(fileSource(pipe)).rejects.toThrow(`${pipe}: is a pipe or a device, expected a regular file`);
});

test.skipIf(isRoot || !onPosix)("a file that may not be read", async () => {
  const secret = join(folder, "secret");
  writeFileSync(secret, "", { mode: 0o000 });
  await expect(fileSource(secret)).rejects.toThrow(`${secret}: permission denied`);
});

test("a file that shrinks while it is open", async () => {
  const shrinking = join(folder, "shrinking");
  writeFileSync(shrinking, bytes);
  const source = await fileSource(shrinking);
  truncateSync(shrinking, 600);
  await expect(source.read(500, 500)).rejects.toThrow(
    `${shrinking}: the file changed while it was read, got 100 bytes from byte 500, expected 500`,
  );
  await source.close();
});

test("a sparse file of a terabyte is not allocated", async () => {
  const sparse = join(folder, "sparse");
  writeFileSync(sparse, "");
  truncateSync(sparse, 2 ** 40);
  const source = await fileSource(sparse);
  expect(await source.read(2 ** 40 - 2, 2)).toEqual(new Uint8Array(2));
  await expect(readAll(source)).rejects.toThrow(
    `${sparse}: 1099511627776 bytes are more than this process can hold at once`,
  );
  await source.close();
});

test("writing: bytes and chunks, a new file and an old one, which keeps its permissions", async () => {
  const target = join(folder, "out.bin");
  await writeFileAtomic(target, bytes);
  expect(new Uint8Array(readFileSync(target))).toEqual(bytes);
  if (onPosix) chmodSync(target, 0o640);
  await writeFileAtomic(target, chunks(Uint8Array.of(1, 2), new Uint8Array(0), Uint8Array.of(3)));
  expect([...readFileSync(target)]).toEqual([1, 2, 3]);
  if (onPosix) expect(statSync(target).mode & 0o777).toBe(0o640);
});

test.runIf(onPosix)("writing: through a symbolic link, and into a device", async () => {
  const link = join(folder, "link");
  const target = join(folder, "linked");
  writeFileSync(target, "old");
  symlinkSync(target, link);
  await writeFileAtomic(link, Uint8Array.of(1));
  expect([...readFileSync(target)]).toEqual([1]);
  await writeFileAtomic("/dev/null", bytes);
  expect(statSync("/dev/null").isCharacterDevice()).toBe(true);
});

test.runIf(onPosix)("writing leaves alone what is not ours to replace, unless it is forced to", async () => {
  const readOnly = join(folder, "read-only");
  writeFileSync(readOnly, "old", { mode: 0o444 });
  const dangling = join(folder, "dangling");
  symlinkSync(join(folder, "nowhere"), dangling);
  const expected = "expected another name, or { force: true } to replace it";
  await expect(writeFileAtomic(readOnly, bytes)).rejects.toThrow(
    new UsageError(`${readOnly}: is read-only, ${expected}`),
  );
  await expect(writeFileAtomic(dangling, bytes)).rejects.toThrow(
    new UsageError(`${dangling}: is a link to a file that is not there, ${expected}`),
  );
  expect(readFileSync(readOnly, "utf8")).toBe("old");
  await writeFileAtomic(readOnly, bytes, { force: true });
  expect(new Uint8Array(readFileSync(readOnly))).toEqual(bytes);
});

test("writing that fails keeps the old file and leaves no other", async () => {
  const own = join(folder, "own");
  mkdirSync(own);
  const target = join(own, "out.bin");
  writeFileSync(target, "old");
  const failure = new Error("the network blew up");
  await expect(writeFileAtomic(target, chunks(Uint8Array.of(1), failure))).rejects.toBe(failure);
  expect(readFileSync(target, "utf8")).toBe("old");
  expect(readdirSync(own)).toEqual(["out.bin"]);
});

test("writing where one cannot", async () => {
  const refuse = async (given: string, reason: string) =>
    expect(writeFileAtomic(given, bytes)).rejects.toThrow(new UsageError(`${given}: ${reason}`));
  await refuse(join(folder, "none", "a"), "cannot be written, its folder does not exist");
  await refuse(join(path, "a"), "cannot be written, a part of its path is not a folder");
  await refuse(folder, "is a folder, expected a file name");
  if (isRoot || !onPosix) return;
  const closed = join(folder, "closed");
  mkdirSync(closed, { mode: 0o500 });
  await refuse(join(closed, "a"), "cannot be written, permission denied");
});

test.runIf(process.platform === "linux")("writing to a full disk", async () => {
  await expect(writeFileAtomic("/dev/full", bytes)).rejects.toThrow(
    new UsageError("/dev/full: cannot be written, the disk is full"),
  );
});

async function* chunks(...parts: (Uint8Array | Error)[]): AsyncGenerator<Uint8Array> {
  for (const part of parts) {
    if (part instanceof Error) throw part;
    yield part;
  }
}
