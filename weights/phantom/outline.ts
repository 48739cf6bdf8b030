// Closed smooth curves through landmarks, as polygons, and the distance to them.

export type Point = readonly [x: number, y: number];

export interface Outline {
  /** x, y of each corner, then 1 / length^2 of the side that begins there. */
  readonly sides: Float64Array;
  readonly left: number;
  readonly right: number;
  readonly top: number;
  readonly bottom: number;
}

/** Sides of the polygon between two landmarks. */
const STEPS = 4;

/** A Catmull-Rom curve through the landmarks. */
export function createOutline(landmarks: readonly Point[]): Outline {
  const count = landmarks.length;
  const corners: Point[] = [];
  for (let n = 0; n < count; n++) {
    const [before, from, to, after] = [-1, 0, 1, 2].map((step) => landmarks[(n + step + count) % count]!);
    for (let step = 0; step < STEPS; step++) {
      const t = step / STEPS;
      corners.push([
        catmullRom(before![0], from![0], to![0], after![0], t),
        catmullRom(before![1], from![1], to![1], after![1], t),
      ]);
    }
  }
  const xs = corners.map(([x]) => x);
  const ys = corners.map(([, y]) => y);
  const sides = corners.flatMap(([x, y], n) => {
    const [nextX, nextY] = corners[(n + 1) % corners.length]!;
    const lengthSquared = (nextX - x) * (nextX - x) + (nextY - y) * (nextY - y);
    return [x, y, 1 / Math.max(lengthSquared, 1e-12)];
  });
  return {
    sides: Float64Array.from(sides),
    left: Math.min(...xs),
    right: Math.max(...xs),
    top: Math.min(...ys),
    bottom: Math.max(...ys),
  };
}

/** Source: https://www.cs.cmu.edu/~fp/courses/graphics/asst5/catmullRom.pdf, tension 0.5. */
function catmullRom(before: number, from: number, to: number, after: number, t: number): number {
  const slope = 0.5 * (to - before);
  const nextSlope = 0.5 * (after - from);
  const t2 = t * t;
  const t3 = t2 * t;
  return (2 * t3 - 3 * t2 + 1) * from + (t3 - 2 * t2 + t) * slope + (3 * t2 - 2 * t3) * to + (t3 - t2) * nextSlope;
}

/** Distance to an outline, negative inside; Infinity where its bounding box is more than `margin` away. */
export function outlineDistance(outline: Outline, x: number, y: number, margin: number): number {
  const { left, right, top, bottom } = outline;
  if (x < left - margin || x > right + margin || y < top - margin || y > bottom + margin) return Infinity;
  return polygonDistance(outline.sides, x, y);
}

/** Source: https://iquilezles.org/articles/distfunctions2d/, sdPolygon. */
function polygonDistance(sides: Float64Array, x: number, y: number): number {
  let nearest = Infinity;
  let isInside = false;
  let toX = sides[0]!;
  let toY = sides[1]!;
  for (let at = sides.length - 3; at >= 0; at -= 3) {
    const fromX = sides[at]!;
    const fromY = sides[at + 1]!;
    const alongX = toX - fromX;
    const alongY = toY - fromY;
    const px = x - fromX;
    const py = y - fromY;
    const t = (px * alongX + py * alongY) * sides[at + 2]!;
    const part = t < 0 ? 0 : t > 1 ? 1 : t;
    const awayX = px - alongX * part;
    const awayY = py - alongY * part;
    const squared = awayX * awayX + awayY * awayY;
    if (squared < nearest) nearest = squared;
    if (fromY > y !== toY > y && px * alongY < alongX * py === alongY > 0) isInside = !isInside;
    toX = fromX;
    toY = fromY;
  }
  return isInside ? -Math.sqrt(nearest) : Math.sqrt(nearest);
}
