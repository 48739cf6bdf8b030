import { damageBytes, type Random } from "./damage.ts";

/** One kind of file, and what reads it. */
export interface HostileFormat {
  readonly name: string;
  /** Files that are read as they should be, of every kind that the format has. */
  readonly good: readonly Uint8Array[];
  /** Damage that only who knows the format can do: what is inside changes, and checksums, lengths and compression fit it. */
  readonly changes: readonly ((file: Uint8Array, random: Random) => Uint8Array)[];
  /** Bytes of the numbers that a file may declare and have: a large picture of nothing is a small file. */
  declaredBytes?(file: Uint8Array): number;
  /** Reads all that a file holds, as the product does; throws what it throws. It was made of the good file of that number. */
  read(file: Uint8Array, which: number): Promise<unknown>;
}

/** One to three changes, the first of them inside more often than not. */
export function damage({ good, changes }: HostileFormat, which: number, random: Random): Uint8Array {
  let file = good[which]!;
  const isInside = changes.length > 0 && random() < 0.7;
  if (isInside) file = changes[Math.floor(random() * changes.length)]!(file, random);
  const more = isInside ? Math.floor(random() * random() * 2) : 1 + Math.floor(random() * random() * 3);
  for (let n = 0; n < more; n++) file = damageBytes(file, random, good);
  return file;
}
