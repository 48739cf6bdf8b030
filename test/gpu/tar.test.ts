import { expect, test } from "vitest";
import { FormatError } from "../../src/errors.ts";
import { readTar } from "../../src/gpu/tar.ts";

/** A ustar archive, as `tar` writes it. */
function tar(...entries: readonly { name: string; type?: string; data?: string; size?: string }[]): Uint8Array {
  const blocks = entries.flatMap(({ name, type = "0", data = "", size }) => {
    const block = Buffer.alloc(512);
    block.write(name, 0);
    block.write(size ?? `${data.length.toString(8).padStart(11, "0")}\0`, 124);
    block.write(type, 156);
    const content = Buffer.alloc(Math.ceil(data.length / 512) * 512);
    content.write(data);
    return [block, content];
  });
  return Buffer.concat([...blocks, Buffer.alloc(1024)]);
}

const contents = (archive: Uint8Array) =>
  readTar(archive, "a.tar").map(({ name, bytes }) => [name, new TextDecoder().decode(bytes)]);

test("reads files of every length, and leaves folders and links out", () => {
  const long = "x".repeat(513);
  const block = "y".repeat(512);
  const archive = tar(
    { name: "folder/", type: "5" },
    { name: "folder/a", data: "abc" },
    { name: "link", type: "2" },
    { name: "empty" },
    { name: "block", data: block },
    { name: "long", data: long },
  );
  expect(contents(archive)).toEqual([
    ["folder/a", "abc"],
    ["empty", ""],
    ["block", block],
    ["long", long],
  ]);
});

test("reads an archive without its end marker", () => {
  expect(contents(tar({ name: "a", data: "1" }).subarray(0, 1024))).toEqual([["a", "1"]]);
  expect(contents(new Uint8Array(0))).toEqual([]);
});

test.each(["77777777777\0", "nonsense...\0", "-0000000001\0", "\0"])("refuses a file of size %j", (size) => {
  expect(() => contents(tar({ name: "a", data: "1", size }))).toThrow(FormatError);
  expect(() => contents(tar({ name: "a", data: "1", size }))).toThrow(/^a\.tar: tar entry "a" has size/);
});

test("survives any cut and any wrong byte", () => {
  const archive = tar({ name: "a", data: "1".repeat(600) }, { name: "b", data: "2" });
  for (let at = 0; at < archive.length; at += 7) {
    const broken = archive.slice();
    broken[at] = (broken[at]! + 1 + (at % 254)) & 255;
    for (const bytes of [archive.subarray(0, at), broken]) {
      try {
        readTar(bytes, "a.tar");
      } catch (error) {
        expect(error).toBeInstanceOf(FormatError);
      }
    }
  }
});
