// Where the pixels of a resized axis come from, as ONNX defines it and as `resize2d` and `resize3d` compute it.

import { type Coordinates, sampling } from "../../../ops/sample/resize-sampling.ts";
import { UnsupportedNode } from "../unsupported.ts";

/** One axis; `scale` where the model gives one. */
export interface AxisResize {
  readonly from: number;
  readonly to: number;
  readonly scale?: number;
}

/** More pixels along one axis than this are not compared one by one. */
const mostPixels = 1_000_000;

/** f32 decides in most engines; positions nearer than this are the same. */
const tolerance = 1e-5;

/** How values between pixels come about. */
export interface Interpolation {
  readonly mode: "nearest" | "linear" | "cubic";
  readonly coordinates: string;
  readonly nearest: string;
  /** Of cubic interpolation: its parameter, and whether taps outside of the image do not count. */
  readonly cubic: { readonly a: number; readonly excludesOutside: boolean };
}

/** Positions in the input, in pixels; whole ones for `nearest`. Those outside are moved to the edge. */
export function places({ from, to, scale = to / from }: AxisResize, method: Interpolation): Float64Array {
  if (to > mostPixels) throw new UnsupportedNode(`${to} pixels along one axis, expected at most ${mostPixels}`);
  if (to === from && scale === 1) return Float64Array.from({ length: to }, (_, i) => i);
  const position = transformation(method.coordinates, { from, to, scale });
  const round = method.mode === "nearest" ? rounding(method.nearest) : (place: number) => place;
  return Float64Array.from({ length: to }, (_, i) => clamp(round(position(i)), from));
}

/** Whether this engine's own resizing reads the same places. */
export function sameAsOwn(
  axis: {
    readonly from: number;
    readonly to: number;
    readonly mode: "nearest" | "linear";
    readonly coordinates: Coordinates;
    readonly scale: number | undefined;
  },
  wanted: Float64Array,
): boolean {
  const { from, to, mode, coordinates, scale } = axis;
  if (scale !== undefined && Math.floor(from * scale) !== to) return false;
  const { start, step, unit } = sampling(from, to, {
    mode: mode === "nearest" ? mode : "bilinear",
    coordinates,
    scale,
  });
  const isNearest = mode === "nearest";
  return wanted.every((place, i) => {
    const own = (start + i * step) / unit;
    return Math.abs(clamp(isNearest ? Math.floor(own) : own, from) - place) <= tolerance;
  });
}

function clamp(place: number, from: number): number {
  return Math.min(Math.max(place, 0), from - 1);
}

function transformation(
  coordinates: string,
  { from, to, scale }: { readonly from: number; readonly to: number; readonly scale: number },
): (pixel: number) => number {
  switch (coordinates) {
    case "half_pixel":
      return (pixel) => (pixel + 0.5) / scale - 0.5;
    case "half_pixel_symmetric": {
      const offset = (from / 2) * (1 - to / (scale * from));
      return (pixel) => offset + (pixel + 0.5) / scale - 0.5;
    }
    case "pytorch_half_pixel":
      return (pixel) => (to > 1 ? (pixel + 0.5) / scale - 0.5 : 0);
    case "align_corners":
      // By the size in pixels, as PyTorch and ONNX Runtime do; the standard's formula has the size before it was rounded.
      return (pixel) => (to > 1 ? (pixel * (from - 1)) / (to - 1) : 0);
    case "asymmetric":
      return (pixel) => pixel / scale;
    case "tf_half_pixel_for_nn":
      return (pixel) => (pixel + 0.5) / scale;
    default:
      throw new UnsupportedNode(`coordinate_transformation_mode ${coordinates} is not computed`);
  }
}

/** Positions that should be whole are made so first: sizes are whole, their quotients in f64 are not. */
function rounding(nearest: string): (place: number) => number {
  const half = (place: number) => Math.abs(place - Math.floor(place) - 0.5) < tolerance;
  const whole = (place: number) => (Math.abs(place - Math.round(place)) < tolerance ? Math.round(place) : place);
  switch (nearest) {
    case "":
    case "round_prefer_floor":
      return (place) => (half(place) ? Math.floor(place) : Math.round(place));
    case "round_prefer_ceil":
      return (place) => (half(place) ? Math.ceil(place) : Math.round(place));
    case "floor":
      return (place) => Math.floor(whole(place));
    case "ceil":
      return (place) => Math.ceil(whole(place));
    default:
      throw new UnsupportedNode(`nearest_mode ${nearest} is not computed`);
  }
}

/** [to, from]: the share of each input pixel in each output pixel, for what this engine's own resizing does not do. */
export function shares(axis: AxisResize, method: Interpolation): Float64Array {
  const { from, to, scale = to / from } = axis;
  const matrix = new Float64Array(to * from);
  const add = (row: number, pixel: number, share: number) => {
    matrix[row * from + clamp(pixel, from)]! += share;
  };
  if (method.mode !== "cubic") {
    places(axis, method).forEach((place, row) => {
      const first = Math.floor(place);
      add(row, first, 1 - (place - first));
      if (place > first) add(row, first + 1, place - first);
    });
    return matrix;
  }
  const position = transformation(method.coordinates, { from, to, scale });
  const { a, excludesOutside } = method.cubic;
  for (let row = 0; row < to; row++) {
    const place = position(row);
    const first = Math.floor(place) - 1;
    const taps = [0, 1, 2, 3].map((tap) => ({
      pixel: first + tap,
      share: cubicShare(Math.abs(place - first - tap), a),
    }));
    const counted = excludesOutside ? taps.filter(({ pixel }) => pixel >= 0 && pixel < from) : taps;
    const sum = counted.reduce((total, { share }) => total + share, 0);
    for (const { pixel, share } of counted) add(row, pixel, share / sum);
  }
  return matrix;
}

/** Source: R. Keys, Cubic convolution interpolation for digital image processing, 1981, equation 4. */
function cubicShare(distance: number, a: number): number {
  if (distance <= 1) return ((a + 2) * distance - (a + 3)) * distance * distance + 1;
  return distance < 2 ? (((distance - 5) * distance + 8) * distance - 4) * a : 0;
}
