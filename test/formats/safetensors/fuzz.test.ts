import { expect, test } from "vitest";
import { FormatError } from "../../../src/errors.ts";
import { openSafetensors, readSafetensors, writeSafetensors } from "../../../src/formats/safetensors/index.ts";
import { createRandom } from "../../support/random.ts";

/** Pieces of JSON and of binary lengths: what turns one valid header into another, or into none. */
const snippets = [
  '"',
  "{",
  "}",
  "[",
  "]",
  ",",
  ":",
  "0",
  "9",
  "-",
  "\\",
  "\\u",
  "F16",
  "U8",
  "1e9",
  "a",
  " ",
  "\0",
  "\xff",
];

test("600 damaged copies of a file open and read, or are refused with FormatError", async () => {
  const good = writeSafetensors(
    {
      a: { shape: [1, 2], data: Float32Array.of(1, 2) },
      b: { shape: [4], data: Float32Array.of(1, 2, 3, 4), dtype: "F16" },
      c: { shape: [], data: BigInt64Array.of(1n) },
    },
    { network: "msff" },
  );
  await openSafetensors(good);
  const random = createRandom(7);
  let refused = 0;
  for (let round = 0; round < 600; round++) {
    try {
      await readSafetensors(damage(good, random));
    } catch (error) {
      if (!(error instanceof FormatError)) throw new Error(`round ${round}`, { cause: error });
      refused++;
    }
  }
  expect(refused).toBeGreaterThan(400);
  expect(refused).toBeLessThan(600);
});

function damage(good: Uint8Array, random: () => number): Uint8Array {
  const pick = (count: number) => Math.floor(random() * count);
  let bytes = [...good];
  for (let edits = 1 + pick(3); edits > 0; edits--) {
    const at = pick(bytes.length);
    const snippet = [...Buffer.from(snippets[pick(snippets.length)]!, "latin1")];
    const kind = random();
    if (kind < 0.3) bytes[at]! ^= 1 << pick(8);
    else if (kind < 0.8) bytes.splice(at, snippet.length, ...snippet);
    else if (kind < 0.9) bytes.splice(at, 0, ...snippet);
    else if (kind < 0.95) bytes.splice(at, 1 + pick(8));
    else bytes = bytes.slice(0, at + 1);
  }
  return Uint8Array.from(bytes);
}
