// Distances in mm from a point to shapes, negative inside.

/** Roughly the distance to an ellipse, exact on its edge. */
export function ellipse(dx: number, dy: number, radiusX: number, radiusY: number): number {
  return (
    (Math.sqrt((dx * dx) / (radiusX * radiusX) + (dy * dy) / (radiusY * radiusY)) - 1) * Math.min(radiusX, radiusY)
  );
}

/** Distance to a box with rounded edges: offsets from its centre, half-lengths, radius. */
export function roundedBox(dx: number, dy: number, halfX: number, halfY: number, radius: number): number {
  const x = Math.abs(dx) - halfX + radius;
  const y = Math.abs(dy) - halfY + radius;
  const ox = Math.max(x, 0);
  const oy = Math.max(y, 0);
  return Math.min(Math.max(x, y), 0) + Math.sqrt(ox * ox + oy * oy) - radius;
}
