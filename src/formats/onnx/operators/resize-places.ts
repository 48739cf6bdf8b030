// Where the pixels of a resized axis come from, as ONNX defines it and as `resize2d` computes it.

import { type Coordinates, sampling } from "../../../ops/resize-sampling.ts";
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

/** Positions in the input, in pixels; whole ones for `nearest`. Those outside are moved to the edge. */
export function places(
  { from, to, scale = to / from }: AxisResize,
  method: { readonly mode: "nearest" | "bilinear"; readonly coordinates: string; readonly nearest: string },
): Float64Array {
  if (to > mostPixels) throw new UnsupportedNode(`${to} pixels along one axis, expected at most ${mostPixels}`);
  const position = transformation(method.coordinates, { from, to, scale });
  const round = method.mode === "nearest" ? rounding(method.nearest) : (place: number) => place;
  return Float64Array.from({ length: to }, (_, i) => clamp(round(position(i)), from));
}

/** Whether `resize2d` reads the same places. */
export function sameAsResize2d(
  axis: {
    readonly from: number;
    readonly to: number;
    readonly mode: "nearest" | "bilinear";
    readonly coordinates: Coordinates;
    readonly scale: number | undefined;
  },
  wanted: Float64Array,
): boolean {
  const { from, to, mode, coordinates, scale } = axis;
  if (scale !== undefined && Math.floor(from * scale) !== to) return false;
  const { start, step, unit } = sampling(from, to, { mode, coordinates, scale });
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
    case "align_corners": {
      // The standard's size is not rounded down here; other engines round it. Where that matters, nothing of ours is the same.
      const size = scale * from;
      return (pixel) => (to > 1 || size !== to ? (pixel * (from - 1)) / (size - 1) : 0);
    }
    case "asymmetric":
      return (pixel) => pixel / scale;
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
