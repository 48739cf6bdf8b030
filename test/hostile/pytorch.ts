// Checkpoints of PyTorch: what is damaged inside is the pickle, the archive around it stays whole.
import { readFileSync } from "node:fs";
import { openPytorch } from "../../src/formats/pytorch/index.ts";
import { choose, damageBytes, lieAt, pick, type Random } from "./damage.ts";
import type { HostileFormat } from "./format.ts";

const fixture = (name: string) => new Uint8Array(readFileSync(`test/formats/pytorch/fixtures/${name}.pth`));
const [zip, old] = [fixture("zip"), fixture("old")];

/** Where the pickle of the object lies: between the end of what stands before it, and the STOP before what follows. */
function pickleOf(file: Uint8Array): { start: number; end: number } | undefined {
  const text = new TextDecoder("latin1").decode(file);
  const start = text.indexOf("\x80\x02", text.startsWith("PK") ? 0 : 20);
  const end = text.indexOf(text.startsWith("PK") ? "PK" : "\x80\x02]", start + 2);
  return start === -1 || end === -1 ? undefined : { start, end };
}

/** The same length, so that all else stays where it is. */
function changePickle(file: Uint8Array, change: (pickle: Uint8Array) => Uint8Array): Uint8Array {
  const place = pickleOf(file);
  if (place === undefined) return file;
  const changed = change(file.slice(place.start, place.end));
  const copy = new Uint8Array(file);
  copy.set(changed.subarray(0, place.end - place.start), place.start);
  return copy;
}

/** Opcodes that make, keep and call. */
const opcodes = [..."().012NQR]abcehijqrstu}", ..."\x81\x85\x86\x87\x88\x8a\x8b\x8c\x8f\x90\x91\x92\x93\x94\x95\x96"];

function putOpcodes(pickle: Uint8Array, random: Random): Uint8Array {
  const copy = new Uint8Array(pickle);
  const at = pick(random, copy.length);
  const opcode = choose(random, opcodes).charCodeAt(0);
  const count = random() < 0.7 ? 1 + pick(random, 3) : pick(random, copy.length - at);
  return copy.fill(opcode, at, at + count);
}

export const pytorch: HostileFormat = {
  name: "pytorch",
  good: [zip, old],
  changes: [
    (file, random) => changePickle(file, (pickle) => putOpcodes(pickle, random)),
    (file, random) => changePickle(file, (pickle) => damageBytes(pickle, random, [zip, old])),
    (file, random) =>
      changePickle(file, (pickle) =>
        lieAt(pickle, pick(random, pickle.length), choose(random, ["u8", "i16", "i32"]), true, random),
      ),
    // The directory of the archive, or the counts before the storages.
    (file, random) =>
      lieAt(file, file.length - 1 - pick(random, 700), choose(random, ["i16", "i32", "i64"]), true, random),
  ],
  async read(file) {
    const open = await openPytorch(file);
    try {
      for (const name of open.entries.keys()) await open.readRaw(name);
    } finally {
      await open.close();
    }
  },
};
