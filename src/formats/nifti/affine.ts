// Voxel-to-world geometry: the affine of a header, and a header's fields for an affine.

/** Row-major 4x4: (i, j, k, 1) in voxels -> (x, y, z, 1) in mm, x to the right, y anterior, z superior (RAS). */
export type Affine = readonly (readonly number[])[];

/** The qform's matrix: rotation of the unit quaternion (a, b, c, d), columns scaled by the voxel's size, plus offset. */
export function affineFromQuaternion(
  [b = 0, c = 0, d = 0]: readonly number[],
  offset: readonly number[],
  spacing: readonly number[],
  qfac: number,
): Affine {
  // As nifti1_io.c: a 180 degree turn leaves a = 0 up to rounding, and rounding may make b, c, d longer than 1.
  const rest = 1 - (b * b + c * c + d * d);
  const longer = rest < 1e-7 ? Math.sqrt(b * b + c * c + d * d) : 1;
  const a = rest < 1e-7 ? 0 : Math.sqrt(rest);
  const [q, r, s] = [b / longer, c / longer, d / longer];
  const rotation = [
    [a * a + q * q - r * r - s * s, 2 * (q * r - a * s), 2 * (q * s + a * r)],
    [2 * (q * r + a * s), a * a + r * r - q * q - s * s, 2 * (r * s - a * q)],
    [2 * (q * s - a * r), 2 * (r * s + a * q), a * a + s * s - q * q - r * r],
  ];
  const scale = [spacing[0]!, spacing[1]!, spacing[2]! * (qfac < 0 ? -1 : 1)];
  return [...rotation.map((row, n) => [...row.map((value, axis) => value * scale[axis]!), offset[n]!]), [0, 0, 0, 1]];
}

/** Length of each of the affine's three columns: the voxel's size in mm. */
export function columnLengths(affine: Affine): [number, number, number] {
  const length = (axis: number) => Math.hypot(affine[0]![axis]!, affine[1]![axis]!, affine[2]![axis]!);
  return [length(0), length(1), length(2)];
}

/** Determinant of the affine's 3x3 part, in mm^3: its sign says whether the axes form a right-handed set. */
export function determinant(affine: Affine): number {
  const [[a, b, c], [d, e, f], [g, h, i]] = affine as [number[], number[], number[]];
  return a! * (e! * i! - f! * h!) - b! * (d! * i! - f! * g!) + c! * (d! * h! - e! * g!);
}

/**
 * The qform of an affine: quaternion, offset and qfac; undefined where the columns are not orthogonal (shear), which
 * a qform cannot say. Method: the largest of the four candidates for the quaternion, as in nifti1_io.c.
 */
export function quaternionFromAffine(
  affine: Affine,
): { quaternion: [number, number, number]; offset: [number, number, number]; qfac: 1 | -1 } | undefined {
  const size = columnLengths(affine);
  const qfac = determinant(affine) < 0 ? -1 : 1;
  const r = [0, 1, 2].map((row) =>
    [0, 1, 2].map((axis) => (affine[row]![axis]! / size[axis]!) * (axis === 2 ? qfac : 1)),
  ) as [[number, number, number], [number, number, number], [number, number, number]];
  for (const [m, n] of [
    [0, 1],
    [0, 2],
    [1, 2],
  ] as const) {
    if (Math.abs(r[0][m] * r[0][n] + r[1][m] * r[1][n] + r[2][m] * r[2][n]) > 1e-4) return undefined;
  }
  const squares = [
    1 + r[0][0] + r[1][1] + r[2][2],
    1 + r[0][0] - r[1][1] - r[2][2],
    1 - r[0][0] + r[1][1] - r[2][2],
    1 - r[0][0] - r[1][1] + r[2][2],
  ];
  const largest = squares.indexOf(Math.max(...squares));
  const half = Math.sqrt(squares[largest]!) / 2;
  const [yz, zx, xy] = [r[2][1] - r[1][2], r[0][2] - r[2][0], r[1][0] - r[0][1]];
  const [sxy, szx, syz] = [r[0][1] + r[1][0], r[0][2] + r[2][0], r[1][2] + r[2][1]];
  const numerators = [
    [4 * half * half, yz, zx, xy],
    [yz, 4 * half * half, sxy, szx],
    [zx, sxy, 4 * half * half, syz],
    [xy, szx, syz, 4 * half * half],
  ][largest]!;
  const [a, b, c, d] = numerators.map((value) => value / (4 * half)) as [number, number, number, number];
  const sign = a < 0 ? -1 : 1;
  return { quaternion: [b * sign, c * sign, d * sign], offset: [affine[0]![3]!, affine[1]![3]!, affine[2]![3]!], qfac };
}
