// Connected parts of a mask, by union and find; two elements touch where no index differs by more than 1: 26 neighbours in a
// volume, 8 in a picture.
import { UsageError } from "../errors.ts";

export interface Components {
  /** 0 outside of the mask; parts count from 1 in the order of their first elements. */
  readonly labels: Uint32Array;
  /** Elements of each part, part 1 first. */
  readonly sizes: readonly number[];
}

/** The parts of `mask`, [D, H, W] or [H, W]; elements that are not 0 are inside. Throws UsageError for sizes that do not fit. */
export function connectedComponents(mask: ArrayLike<number>, shape: readonly number[]): Components {
  const size = shape.reduce((product, length) => product * length, 1);
  if ((shape.length !== 2 && shape.length !== 3) || mask.length !== size) {
    throw new UsageError(`components: got ${mask.length} elements of shape [${shape}], expected [D, H, W] or [H, W]`);
  }
  const [depth, height, width] = shape.length === 2 ? [1, ...shape] : shape;
  const parents = Uint32Array.from({ length: size }, (_, i) => i);
  for (let z = 0, i = 0; z < depth!; z++) {
    for (let y = 0; y < height!; y++) {
      for (let x = 0; x < width!; x++, i++) {
        if (mask[i] === 0) continue;
        for (const [dz, dy, dx] of earlier) {
          if (z + dz < 0 || y + dy < 0 || y + dy >= height! || x + dx < 0 || x + dx >= width!) continue;
          const other = i + (dz * height! + dy) * width! + dx;
          if (mask[other] !== 0) unite(parents, i, other);
        }
      }
    }
  }
  return number(mask, parents);
}

/** The half of the neighbours that come first, so that each pair is met once. */
const earlier = [-1, 0, 1]
  .flatMap((dz) => [-1, 0, 1].flatMap((dy) => [-1, 0, 1].map((dx) => [dz, dy, dx] as const)))
  .slice(0, 13);

function find(parents: Uint32Array, i: number): number {
  let root = i;
  while (parents[root] !== root) {
    parents[root] = parents[parents[root]!]!;
    root = parents[root]!;
  }
  return root;
}

/** The smaller root becomes the root of both, so that a root is the first element of its part. */
function unite(parents: Uint32Array, a: number, b: number): void {
  const [rootA, rootB] = [find(parents, a), find(parents, b)];
  parents[Math.max(rootA, rootB)] = Math.min(rootA, rootB);
}

function number(mask: ArrayLike<number>, parents: Uint32Array): Components {
  const labels = new Uint32Array(parents.length);
  const sizes: number[] = [];
  for (let i = 0; i < parents.length; i++) {
    if (mask[i] === 0) continue;
    const root = find(parents, i);
    if (root === i) sizes.push(0);
    const label = root === i ? sizes.length : labels[root]!;
    labels[i] = label;
    sizes[label - 1]!++;
  }
  return { labels, sizes };
}
