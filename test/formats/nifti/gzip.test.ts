// What programs write as gzip: one member or many, named, in blocks, padded; and what none of them is.
import { gzipSync } from "node:zlib";
import { describe, expect, test } from "vitest";
import { gunzip } from "../../../src/formats/nifti/gzip.ts";
import { extractSlice, readNifti } from "../../../src/formats/nifti/index.ts";
import { createRandom } from "../../../weights/phantom/random.ts";
import { peakArrayBytes } from "../../support/memory.ts";
import { bgzfBlock } from "./bgzf.ts";
import { niftiFile } from "./file.ts";

const join = (...parts: readonly Uint8Array[]) => new Uint8Array(Buffer.concat(parts));
const inflated = (bytes: Uint8Array) => join(...gunzip(bytes));
const member = (bytes: Uint8Array, level = 6) => new Uint8Array(gzipSync(bytes, { level }));

function bgzf(bytes: Uint8Array): Uint8Array {
  const blocks = Array.from({ length: Math.ceil(bytes.length / 65280) }, (_, n) =>
    bgzfBlock(bytes.subarray(n * 65280, (n + 1) * 65280)),
  );
  return join(...blocks, bgzfBlock(new Uint8Array(0)));
}

const random = createRandom(3);
const contents: readonly (readonly [name: string, bytes: Uint8Array])[] = [
  ["noise", Uint8Array.from({ length: 200_000 }, () => random.integer(0, 255))],
  ["zeros", new Uint8Array(300_000)],
  ["something between", Uint8Array.from({ length: 100_003 }, (_, n) => (n >> 4) & random.integer(0, 255))],
  ["one byte", Uint8Array.of(7)],
  ["a zero", Uint8Array.of(0)],
  ["nothing", new Uint8Array(0)],
];

describe.each(contents)("%s", (_, bytes) => {
  const half = bytes.length >> 1;
  const named = join(
    Uint8Array.of(0x1f, 0x8b, 8, 8, 0, 0, 0, 0, 0, 3),
    Buffer.from("scan.nii\0"),
    member(bytes).subarray(10),
  );
  test.each<[string, Uint8Array]>([
    ["one member", member(bytes)],
    ["one member of stored blocks", member(bytes, 0)],
    ["one member with a name", named],
    ["two members", join(member(bytes.subarray(0, half)), member(bytes.subarray(half), 1))],
    [
      "an empty member in front, between and behind",
      join(member(new Uint8Array(0)), member(bytes), member(new Uint8Array(0))),
    ],
    ["blocks of bgzip", bgzf(bytes)],
  ])("%s, padded or not", (_, file) => {
    for (const padding of [0, 1, 3, 4, 7, 8, 9, 12, 512, 40_000]) {
      expect(Buffer.compare(inflated(join(file, new Uint8Array(padding))), bytes), `${padding} zeros`).toBe(0);
    }
    for (const text of ["\n", "\r\n"]) expect(Buffer.compare(inflated(join(file, Buffer.from(text))), bytes)).toBe(0);
  });

  test("is refused where it is cut, damaged or followed by something", () => {
    const [one, two] = [member(bytes), join(member(bytes.subarray(0, half)), member(bytes.subarray(half)))];
    for (const file of [one, two, bgzf(bytes)]) {
      // A last member that is empty may lack one of its nine zeros: nothing is lost with it.
      for (const cut of [2, 4, 7, 8, 9]) expect(() => inflated(file.slice(0, -cut)), `cut by ${cut}`).toThrow();
      for (const junk of ["x", "junk", "and much more of it"]) {
        expect(() => inflated(join(file, Buffer.from(junk))), junk).toThrow();
        expect(() => inflated(join(file, new Uint8Array(20), Buffer.from(junk))), `zeros and ${junk}`).toThrow();
      }
    }
    const end = member(bytes.subarray(0, half)).length;
    for (const at of [end - 8, end - 4, two.length - 8, two.length - 4, two.length - 1]) {
      const damaged = two.slice();
      damaged[at]! ^= 1;
      expect(() => inflated(damaged), `byte ${at}`).toThrow();
    }
  });
});

test("members end anywhere in the pieces that are inflated at a time", () => {
  for (let length = 8140; length < 8200; length++) {
    const part = Uint8Array.from({ length }, () => random.integer(0, 255));
    const file = join(member(part, 0), member(part, 0), Uint8Array.of(0, 0, 0));
    expect(Buffer.compare(inflated(file), join(part, part)), `${length} bytes`).toBe(0);
  }
});

test("a volume in members and blocks, padded, is the volume", async () => {
  const values = Array.from({ length: 300_000 }, (_, n) => (n * 7919) % 30_011);
  for (const littleEndian of [true, false]) {
    const plain = niftiFile({ dims: [4, 100, 50, 20, 3, 1, 1, 1], values, littleEndian });
    const files = [
      member(plain),
      join(member(plain.subarray(0, 100)), member(plain.subarray(100)), new Uint8Array(700)),
      bgzf(plain),
    ];
    for (const file of [plain, ...files]) {
      for (const volume of [0, 1, 2]) {
        const { stored } = await readNifti(file, "a.nii.gz", { volume });
        const expected = Int16Array.from(values.slice(volume * 100_000, (volume + 1) * 100_000));
        expect(Buffer.compare(new Uint8Array(stored.buffer), new Uint8Array(expected.buffer))).toBe(0);
      }
    }
  }
});

const MiB = 2 ** 20;

/** Node 20 lets up to 64 MiB wait; Node 24 frees nothing of 128 MiB in many members before it is read, so such a file takes twice its size. */
const waiting = (Number(process.versions.node.split(".")[0]) < 24 ? 76.8 : 136) * MiB;

test("memory stays near that of the voxels as stored", async () => {
  // Zeros, scaled, in one member and in many. Of what is inflated beside the voxels, Node lets some wait until it frees it.
  const start = (slices: number) =>
    niftiFile({ dims: [3, 1024, 1024, slices, 1, 1, 1, 1], datatype: 2, values: [], slope: 2, inter: -1 });
  const mebibyte = member(new Uint8Array(MiB));
  const one = member(join(start(384), new Uint8Array(384 * MiB)), 1);
  const many = join(member(start(128)), ...Array.from({ length: 128 }, () => mebibyte));
  const files = [
    [one, 384 * MiB],
    [many, 128 * MiB],
  ] as const;
  for (const [file, voxels] of files) {
    const most = await peakArrayBytes(async () => {
      const volume = await readNifti(file, "a.nii.gz");
      expect(volume.stored.length).toBe(voxels);
      expect(extractSlice(volume, 2, 0).data[5]).toBe(-1);
    });
    expect(most).toBeGreaterThan(voxels);
    expect(most).toBeLessThan(voxels + waiting);
  }
});

test("a member that is there twice is two", async () => {
  const voxels = 2 * MiB;
  const file = member(
    join(niftiFile({ dims: [3, 1024, 1024, 2, 1, 1, 1, 1], datatype: 2, values: [] }), new Uint8Array(voxels)),
  );
  expect((await readNifti(file, "a.nii.gz")).stored.length).toBe(voxels);
  await expect(readNifti(join(file, file), "a.nii.gz")).rejects.toThrow("data goes on behind the last voxel");
});
