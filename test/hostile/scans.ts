// Scans: NIfTI, plain and compressed, and PNG.
import { crc32, deflateSync, gunzipSync, gzipSync, inflateSync } from "node:zlib";
import { readNifti, readNiftiGeometry, voxelValues } from "../../src/formats/nifti/index.ts";
import { readLabelPng, readPng, readPngSize } from "../../src/formats/png/index.ts";
import { bgzfBlock } from "../formats/nifti/bgzf.ts";
import { niftiFile } from "../formats/nifti/file.ts";
import { buildPng, signature } from "../formats/png/build.ts";
import { choose, concatenated, damageBytes, lieAt, type NumberKind, pick, type Random } from "./damage.ts";
import type { HostileFormat } from "./format.ts";

type Field = readonly [at: number, kind: NumberKind, count: number];

/** Sizes, types, offsets, scaling and geometry of each version's header. */
const fields: Readonly<Record<1 | 2, readonly Field[]>> = {
  1: [
    [0, "i32", 1],
    [40, "i16", 8],
    [70, "i16", 2],
    [76, "f32", 8],
    [108, "f32", 3],
    [123, "u8", 1],
    [252, "i16", 2],
    [256, "f32", 6],
    [280, "f32", 12],
  ],
  2: [
    [0, "i32", 1],
    [12, "i16", 2],
    [16, "i64", 8],
    [104, "f64", 8],
    [168, "i64", 1],
    [176, "f64", 2],
    [344, "i32", 2],
    [352, "f64", 6],
    [400, "f64", 12],
    [500, "i32", 1],
  ],
};
const widths = { u8: 1, i16: 2, i32: 4, i64: 8, f32: 4, f64: 8 } as const;

function lieInHeader(file: Uint8Array, random: Random): Uint8Array {
  const isBig = file[0] === 0;
  const version = file[isBig ? 3 : 0] === 0x1c ? 2 : 1;
  const [at, kind, count] = choose(random, fields[version]);
  return lieAt(file, at + widths[kind] * pick(random, count), kind, !isBig, random);
}

const volumes = [
  niftiFile({ dims: [3, 9, 8, 7, 1, 1, 1, 1], values: Array.from({ length: 504 }, (_, n) => n), slope: 0.5, inter: 3 }),
  niftiFile({ version: 2, datatype: 64, littleEndian: false, dims: [3, 4, 3, 2, 1, 1, 1, 1] }),
  niftiFile({ datatype: 1280, qform: { code: 1, quaternion: [0.1, 0.2, 0.3], offset: [1, 2, 3] } }),
  niftiFile({
    version: 2,
    datatype: 2,
    sform: {
      code: 1,
      rows: [
        [0, 0, 3, 1],
        [2, 0, 0, 1],
        [0, 1, 0, 1],
      ],
    },
  }),
];

async function readVolume(file: Uint8Array): Promise<void> {
  const volume = await readNifti(file, "scan.nii");
  voxelValues(volume);
  await readNiftiGeometry(file.subarray(0, 65536), "scan.nii", file.length);
}

export const nifti: HostileFormat = {
  name: "NIfTI",
  good: volumes,
  changes: [lieInHeader, (file, random) => lieInHeader(lieInHeader(file, random), random)],
  read: readVolume,
};

const packings: readonly ((bytes: Uint8Array) => Uint8Array)[] = [
  (bytes) => gzipSync(bytes),
  (bytes) => concatenated(gzipSync(bytes.subarray(0, 400)), gzipSync(bytes.subarray(400), { level: 0 }), [0, 0, 0]),
  (bytes) =>
    concatenated(bgzfBlock(bytes.subarray(0, 300)), bgzfBlock(bytes.subarray(300)), bgzfBlock(new Uint8Array(0))),
];

export const niftiGz: HostileFormat = {
  name: "NIfTI, compressed",
  good: volumes.flatMap((file) => packings.map((pack) => pack(file))),
  changes: [
    (file, random) => choose(random, packings)(lieInHeader(gunzipSync(file), random)),
    (file, random) => choose(random, packings)(damageBytes(gunzipSync(file), random)),
    // A bomb: zeros without end behind the volume.
    (file, random) => concatenated(file, gzipSync(new Uint8Array(choose(random, [1000, 2 ** 20, 2 ** 24])))),
    (file, random) =>
      gzipSync(concatenated(gunzipSync(file), new Uint8Array(choose(random, [1000, 2 ** 21, 2 ** 25])))),
  ],
  read: readVolume,
};

type Chunk = readonly [type: string, data: Uint8Array];

function chunksOf(file: Uint8Array): Chunk[] {
  const chunks: Chunk[] = [];
  const view = new DataView(file.buffer, file.byteOffset, file.byteLength);
  for (let at = 8; at + 12 <= file.length; ) {
    const length = view.getUint32(at);
    const type = Buffer.from(file.subarray(at + 4, at + 8)).toString("latin1");
    chunks.push([type, file.subarray(at + 8, at + 8 + length)]);
    at += 12 + length;
  }
  return chunks;
}

/** Chunks with correct lengths and CRCs, behind the signature. */
function joinChunks(chunks: readonly (readonly [type: string, data: ArrayLike<number>])[]): Uint8Array {
  const parts = chunks.flatMap(([type, data]) => {
    const body = concatenated(Buffer.from(type, "latin1"), data);
    return [uint32(data.length), body, uint32(crc32(body))];
  });
  return concatenated(signature, ...parts);
}

const uint32 = (value: number) => [24, 16, 8, 0].map((bit) => (value >>> bit) & 255);

/** Changes one chunk, its length and CRC mended; `type` of a chunk that there is. */
function changeChunk(file: Uint8Array, type: string, change: (data: Uint8Array) => Uint8Array): Uint8Array {
  return joinChunks(chunksOf(file).map(([own, data]) => [own, own === type ? change(data) : data]));
}

const sample = (row: number, column: number) => (row * 5 + column * 3) % 4;
const picture = { width: 13, height: 11, bitDepth: 8, colourType: 0, sample } as const;
const pictures = [
  buildPng({ ...picture, filters: [0, 1, 2, 3, 4] }),
  buildPng({ ...picture, bitDepth: 16, colourType: 6, interlaced: true }),
  buildPng({ ...picture, bitDepth: 2, colourType: 3, palette: [0, 0, 0, 255, 0, 0, 0, 255, 0, 0, 0, 255] }),
  buildPng({ ...picture, bitDepth: 1, sample: (row, column) => (row + column) % 2 }),
];

export const png: HostileFormat = {
  name: "PNG",
  good: pictures,
  changes: [
    (file, random) =>
      changeChunk(file, "IHDR", (data) =>
        random() < 0.6
          ? lieAt(data, choose(random, [0, 4]), "i32", false, random)
          : lieAt(data, 8 + pick(random, 5), "u8", true, random),
      ),
    (file, random) => changeChunk(file, "IDAT", (data) => damageBytes(data, random)),
    (file, random) => changeChunk(file, "IDAT", (data) => deflateSync(damageBytes(inflateSync(data), random))),
    (file, random) =>
      changeChunk(file, "IDAT", () => deflateSync(new Uint8Array(choose(random, [100, 2 ** 20, 2 ** 25])))),
    (file, random) => changeChunk(file, "PLTE", (data) => damageBytes(data, random)),
    (file, random) => {
      const chunks = chunksOf(file);
      const extra: Chunk = [
        choose(random, ["tEXt", "iCCP", "IDAT", "IHDR", "PLTE", "IEND", "ABCD"]),
        new Uint8Array(9),
      ];
      return joinChunks(chunks.toSpliced(pick(random, chunks.length + 1), pick(random, 2), extra));
    },
    // A large picture of nothing.
    (_, random) => {
      const [width, height] = [2 ** pick(random, 15), 2 ** pick(random, 13)];
      const rows = deflateSync(new Uint8Array(Math.min(2 ** 24, height * (1 + Math.ceil(width / 8)))));
      return joinChunks([
        ["IHDR", [...uint32(width), ...uint32(height), 1, 0, 0, 0, 0]],
        ["IDAT", rows],
        ["IEND", []],
      ]);
    },
  ],
  declaredBytes(file) {
    const view = new DataView(file.buffer, file.byteOffset, file.byteLength);
    const pixels = file.length < 24 ? 0 : view.getUint32(16) * view.getUint32(20);
    // What readers take by default; each as it is stored and as f32.
    return pixels <= 2 ** 26 ? 5 * pixels : 0;
  },
  async read(file) {
    readPngSize(file, "image.png");
    const { depth } = readPng(file, "image.png");
    if (depth === 8 && file[25] !== 2) readLabelPng(file, "image.png");
  },
};
