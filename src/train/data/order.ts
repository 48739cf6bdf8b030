// The order in which an epoch draws its samples.
import { Random } from "../../random.ts";
import type { Draw } from "./augment.ts";
import type { Dataset } from "./dataset.ts";

/** No sample has that number. */
const orderStream = 2 ** 32 - 2;

/**
 * Every sample once, shuffled by (seed, epoch). Where files are slow to open, as many as may be held at one time are drawn
 * at random, and the samples of all of them are mixed before the next ones are opened.
 */
export function shuffledOrder({ size, locality }: Dataset, { seed, epoch }: Draw): number[] {
  const random = new Random([seed, epoch], orderStream);
  const all = Array.from({ length: size }, (_, index) => index);
  if (!locality) return random.shuffle(all);
  const byFile = new Map<number, number[]>();
  for (const index of all) {
    const file = locality.files[index]!;
    const others = byFile.get(file);
    if (others) others.push(index);
    else byFile.set(file, [index]);
  }
  const groups: number[][] = [];
  let bytes = Number.POSITIVE_INFINITY;
  for (const file of random.shuffle([...byFile.keys()])) {
    bytes += locality.bytes[file]!;
    if (bytes > locality.budgetBytes) {
      groups.push([]);
      bytes = locality.bytes[file]!;
    }
    groups.at(-1)!.push(...byFile.get(file)!);
  }
  return groups.flatMap((group) => random.shuffle(group));
}
