// The order in which an epoch draws its samples.
import { Random } from "../../random.ts";
import type { Draw } from "./augment.ts";
import type { Dataset, Locality } from "./dataset.ts";

/** No sample has that number. */
const orderStream = 2 ** 32 - 2;

/**
 * Every sample once, shuffled by (seed, epoch). Files that do not all fit into memory are opened one after the other, in
 * random order: the samples of each are spread at random over a part of the epoch that begins with its turn, as long
 * as all that are begun at any time fit. The parts go round the end of the epoch, so that its beginning is mixed like
 * the rest; where everything fits, each is the whole epoch, and the order any.
 */
export function shuffledOrder({ size, locality }: Dataset, { seed, epoch }: Draw): number[] {
  const random = new Random([seed, epoch], orderStream);
  const all = Array.from({ length: size }, (_, index) => index);
  if (!locality) return random.shuffle(all);
  const files = new Map<number, number[]>(locality.files.map((file) => [file, []]));
  for (const index of all) files.get(locality.files[index]!)!.push(index);
  const part = partOf(locality, [...files.keys()]) * size;
  const places: { readonly index: number; readonly at: number }[] = [];
  let turn = 0;
  for (const file of random.shuffle([...files.keys()])) {
    const indices = files.get(file)!;
    const length = Math.max(part, indices.length);
    for (const index of indices) places.push({ index, at: (turn + length * random.next()) % size });
    turn += indices.length;
  }
  return places.sort((a, b) => a.at - b.at || a.index - b.index).map(({ index }) => index);
}

/** Which share of the epoch the samples of one file may be spread over. */
function partOf({ bytes, budgetBytes }: Locality, files: readonly number[]): number {
  const total = files.reduce((sum, file) => sum + bytes[file]!, 0);
  const largest = files.reduce((most, file) => Math.max(most, bytes[file]!), 0);
  if (total <= budgetBytes) return 1;
  // One more is open than fits into the part.
  return Math.max(0, budgetBytes - largest) / total;
}
