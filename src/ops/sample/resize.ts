// Resizing of images and volumes: bilinear or trilinear, and nearest.
import { resize3dParams, resizeParams, resize as resizeShader } from "../../../shaders/sample/resize.wgsl.ts";
import { ShapeError } from "../../errors.ts";
import { elementCount, formatShape } from "../../tensor.ts";
import { operandBytes } from "../cost.ts";
import type { Kernel, Operator } from "../operator.ts";
import { params } from "../parameters.ts";
import { floatType, storageOf } from "../walk/operands.ts";
import { outputPlanes, planeGrid, planeValues, volumeValues } from "../walk/planes.ts";
import {
  type ImageTypes,
  image,
  requireOutput,
  requireRank,
  type Space,
  type SpaceTypes,
  type VolumeTypes,
  volume,
} from "../walk/window.ts";
import { resizeGradient } from "./resize-gradient.ts";
import {
  axisSamplings,
  type Coordinates,
  indexLimit,
  type Mode,
  type ResizeAttributes,
  type Sampling,
} from "./resize-sampling.ts";

export type { Coordinates } from "./resize-sampling.ts";

/** Exactly one of `size` and `scale`. */
interface ResizeGiven<T extends SpaceTypes, M extends Mode> {
  readonly mode: M;
  /** How the grids of pixels lie on each other. Default `half-pixel` for linear modes, `asymmetric` for nearest. */
  readonly coordinates?: Coordinates;
  /** Of the output. */
  readonly size?: T["givenSize"];
  /** Output size / input size, rounded down to pixels; positions still follow this number. Need not be an integer. */
  readonly scale?: T["givenSize"];
}

export type Resize2dAttributes = ResizeAttributes<ImageTypes, "bilinear" | "nearest">;
export type Resize2dGiven = ResizeGiven<ImageTypes, "bilinear" | "nearest">;
export type Resize3dAttributes = ResizeAttributes<VolumeTypes, "trilinear" | "nearest">;
export type Resize3dGiven = ResizeGiven<VolumeTypes, "trilinear" | "nearest">;

/** Planes per invocation, which share one calculation of the position. */
const planesEach = 4;

const direct = (name: string, isVolume: boolean): Kernel<ResizeAttributes<SpaceTypes, Mode>> => ({
  name: `${name}/direct`,
  applies: () => true,
  views: [0],
  dispatches(call, device) {
    const { grid, workgroups } = planeGrid(outputPlanes(call), device, planesEach);
    const samplings = axisSamplings(call.inputs[0].shape.slice(2), call.outputs[0].shape.slice(2), call.attrs);
    const [column, row, slice] = samplings.toReversed() as [Sampling, Sampling, Sampling?];
    const values = {
      ...planeValues(call),
      ...volumeValues(call),
      slice_start: slice?.start ?? 0,
      slice_step: slice?.step ?? 1,
      slice_unit: slice?.unit ?? 1,
      slice_scale: 1 / (slice?.unit ?? 1),
      row_start: row.start,
      row_step: row.step,
      row_unit: row.unit,
      row_scale: 1 / row.unit,
      column_start: column.start,
      column_step: column.step,
      column_unit: column.unit,
      column_scale: 1 / column.unit,
    };
    const mode = call.attrs.mode === "nearest" ? "nearest" : "linear";
    return [
      {
        code: resizeShader({ volume: isVolume, storage: storageOf(call), mode, grid }),
        bindings: [{ input: 0 }, { output: 0 }],
        params: params(isVolume ? resize3dParams : resizeParams, values),
        workgroups,
      },
    ];
  },
});

/** Per output: a value between two others is three operations. */
const linearFlop = { bilinear: 9, trilinear: 21, nearest: 0 } as const;

const resize = <T extends SpaceTypes, M extends Mode>(
  name: string,
  space: Space<T>,
): Operator<ResizeAttributes<T, M>, ResizeGiven<T, M>> => ({
  name,
  attributes({ mode, coordinates, size, scale }) {
    if ((size === undefined) === (scale === undefined))
      throw new ShapeError(
        `${name}: got size ${String(size)} and scale ${String(scale)}, expected exactly one of them`,
      );
    return {
      mode,
      coordinates: coordinates ?? (mode === "nearest" ? "asymmetric" : "half-pixel"),
      size: size === undefined ? undefined : space.size(`${name}: size`, size, 1),
      scale: scale === undefined ? undefined : positive(name, space.expand(scale)),
    };
  },
  shape([x], attrs) {
    const dtype = floatType(name, [x]);
    requireRank(name, "x", x, space.rank, space.format);
    const sizes = x.shape.slice(2);
    const out = attrs.size ?? sizes.map((from, axis) => Math.floor(from * (attrs.scale?.[axis] ?? 1)));
    const shape = [...x.shape.slice(0, 2), ...out];
    requireOutput(name, shape, x.shape);
    axisSamplings(sizes, out, attrs).forEach(({ start, step, unit }, axis) => {
      if (Math.max(start + (out[axis]! - 1) * step, step, unit) < indexLimit) return;
      throw new ShapeError(
        `${name}: ${sizes[axis]} to ${out[axis]} pixels: too large, expected about 2 * input size * output size below 2^31 along ` +
          `each axis (input shapes: ${formatShape(x.shape)})`,
      );
    });
    return [{ shape, dtype }];
  },
  cost: (call) => ({
    flop: linearFlop[call.attrs.mode] * elementCount(call.outputs[0].shape),
    bytes: operandBytes(call),
  }),
  kernels: [direct(name, space.rank === volume.rank)],
  gradient: ({ inputs: [x], gy, attrs, type, apply }) => [
    apply(resizeGradient, [gy], { ...attrs, inputSize: type(x).shape.slice(2) }),
  ],
});

function positive<Size extends readonly number[]>(name: string, scales: Size): Size {
  if (scales.every((scale) => Number.isFinite(scale) && scale > 0)) return scales;
  throw new ShapeError(`${name}: scale: got ${formatShape(scales)}, expected numbers above 0`);
}

/**
 * Resizes images by interpolation, without antialiasing.
 * - x: [N, C, H, W]; output: [N, C, size], or [N, C, floor(H * scale), floor(W * scale)]
 * - ratio of a given size: input size / output size; of a given scale: 1 / scale.
 * - source position of output pixel i, by `coordinates`:
 *   `half-pixel`: (i + 0.5) * ratio - 0.5; `asymmetric`: i * ratio; `align-corners`: i * (H - 1) / (output H - 1)
 * - `nearest` rounds positions half up, but `asymmetric` ones down; `bilinear` clamps them to the image.
 * - PyTorch's names: "bilinear" is bilinear, `half-pixel`; with align_corners=True bilinear, `align-corners`; "nearest" is
 *   nearest, `asymmetric`; "nearest-exact" is nearest, `half-pixel`.
 * - gradient: each output's goes to the pixels that it was made of, by their weights; it keeps nothing.
 * Positions are exact fractions. PyTorch's nearest modes multiply in f32, and where a position is an integer (a border
 * between pixels) they take the pixel before at some sizes and scales: 2 to 82 at 41, scale 2.2 at 11.
 * Throws ShapeError unless there is exactly one of size and scale and x is [N, C, H, W]; for an empty output, and for sizes
 * too large for the kernel's 32-bit positions.
 * Source: https://pytorch.org/docs/stable/generated/torch.nn.functional.interpolate.html
 */
export const resize2d = resize<ImageTypes, "bilinear" | "nearest">("resize2d", image);

/**
 * As {@link resize2d} on volumes; `trilinear` interpolates along three axes.
 * - x: [N, C, D, H, W]; output: [N, C, size], or [N, C, floor(D * scale), floor(H * scale), floor(W * scale)]
 * Source: https://pytorch.org/docs/stable/generated/torch.nn.functional.interpolate.html
 */
export const resize3d = resize<VolumeTypes, "trilinear" | "nearest">("resize3d", volume);
