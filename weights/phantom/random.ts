// Seeded randomness and the arithmetic of the phantom. Only exact operations of IEEE 754 (+, -, *, /, sqrt) are used,
// never Math.sin, Math.pow or Math.exp, whose last bits may differ from engine to engine: one seed, one volume, anywhere.

export interface Random {
  /** Uniform in [low, high). */
  between(low: number, high: number): number;
  /** Uniform integer in [low, high], both included. */
  integer(low: number, high: number): number;
  chance(probability: number): boolean;
  /** Mean 0, deviation 1, within +-6: the sum of twelve uniform numbers. */
  normal(): number;
}

/** mulberry32: 32 bits of state, period 2^32. Source: https://gist.github.com/tommyettinger/46a874533244883189143505d203312c */
export function createRandom(seed: number): Random {
  let state = seed >>> 0;
  const next = (): number => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = Math.imul(state ^ (state >>> 15), state | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
  };
  return {
    between: (low, high) => low + (high - low) * next(),
    integer: (low, high) => low + Math.floor((high - low + 1) * next()),
    chance: (probability) => next() < probability,
    normal: () => {
      let sum = -6;
      for (let n = 0; n < 12; n++) sum += next();
      return sum;
    },
  };
}

/** [sine, cosine] of an angle in degrees, |angle| <= 90, by Taylor polynomials (error < 1e-8). */
export function sineCosine(degrees: number): [number, number] {
  const x = degrees * 0.017453292519943295;
  const y = x * x;
  const sine =
    x *
    (1 -
      (y / 6) * (1 - (y / 20) * (1 - (y / 42) * (1 - (y / 72) * (1 - (y / 110) * (1 - (y / 156) * (1 - y / 210)))))));
  const cosine =
    1 - (y / 2) * (1 - (y / 12) * (1 - (y / 30) * (1 - (y / 56) * (1 - (y / 90) * (1 - (y / 132) * (1 - y / 182))))));
  return [sine, cosine];
}

export function clamp(value: number, low: number, high: number): number {
  return Math.min(Math.max(value, low), high);
}

/** 0 below `low`, 1 above `high`, and the smooth cubic between. */
export function smooth(low: number, high: number, value: number): number {
  const t = clamp((value - low) / (high - low), 0, 1);
  return t * t * (3 - 2 * t);
}

/** Smooth noise in [0, 1): random values on the integer lattice, interpolated. Each `seed` is a field of its own. */
export function latticeNoise(seed: number, x: number, y: number, z: number): number {
  const ix = Math.floor(x);
  const iy = Math.floor(y);
  const iz = Math.floor(z);
  const fx = ease(x - ix);
  const fy = ease(y - iy);
  return mix(latticePlane(seed, ix, iy, iz, fx, fy), latticePlane(seed, ix, iy, iz + 1, fx, fy), ease(z - iz));
}

function latticePlane(seed: number, ix: number, iy: number, iz: number, fx: number, fy: number): number {
  const near = mix(lattice(seed, ix, iy, iz), lattice(seed, ix + 1, iy, iz), fx);
  const far = mix(lattice(seed, ix, iy + 1, iz), lattice(seed, ix + 1, iy + 1, iz), fx);
  return mix(near, far, fy);
}

export function mix(from: number, to: number, weight: number): number {
  return from + (to - from) * weight;
}

function ease(t: number): number {
  return t * t * (3 - 2 * t);
}

function lattice(seed: number, x: number, y: number, z: number): number {
  let h = Math.imul(x, 0x27d4eb2d) ^ Math.imul(y, 0x165667b1) ^ Math.imul(z, 0x9e3779b1) ^ Math.imul(seed, 0x85ebca6b);
  h = Math.imul(h ^ (h >>> 15), 0x2c1b3c6d);
  h = Math.imul(h ^ (h >>> 12), 0x297a2d39);
  return ((h ^ (h >>> 15)) >>> 0) / 4294967296;
}
