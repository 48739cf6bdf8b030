// 2-D resizing: bilinear and nearest.
import { resize, resizeParams } from "../../shaders/resize.wgsl.ts";
import { ShapeError } from "../errors.ts";
import { elementCount, formatShape, type TensorType } from "../tensor.ts";
import { floatType, storageOf } from "./operands.ts";
import { type Call, type Kernel, type Operator, operandBytes, params } from "./operator.ts";
import { outputPlanes, planeGrid, planeValues } from "./planes.ts";
import { type Coordinates, indexLimit, type Sampling, sampling } from "./resize-sampling.ts";
import { type Pair, pair, requireOutput, requireRank, type Size2d } from "./window.ts";

export type { Coordinates } from "./resize-sampling.ts";

export interface Resize2dAttributes {
  readonly mode: "bilinear" | "nearest";
  readonly coordinates: Coordinates;
  readonly size: Pair | undefined;
  readonly scale: Pair | undefined;
}

/** Exactly one of `size` and `scale`. */
export interface Resize2dGiven {
  readonly mode: "bilinear" | "nearest";
  /** How the grids of pixels lie on each other. Default `half-pixel` for bilinear, `asymmetric` for nearest. */
  readonly coordinates?: Coordinates;
  /** Of the output. */
  readonly size?: Size2d;
  /** Output size / input size, rounded down to pixels; positions still follow this number. Need not be an integer. */
  readonly scale?: Size2d;
}

/** Planes per invocation, which share one calculation of the position. */
const planesEach = 4;

const direct: Kernel<Resize2dAttributes> = {
  name: "resize2d/direct",
  applies: () => true,
  views: [0],
  dispatches(call, device) {
    const { workgroup, workgroups } = planeGrid(outputPlanes(call), device, planesEach);
    const row = axisSampling(call, 0);
    const column = axisSampling(call, 1);
    const values = {
      ...planeValues(call),
      row_start: row.start,
      row_step: row.step,
      row_unit: row.unit,
      row_scale: 1 / row.unit,
      column_start: column.start,
      column_step: column.step,
      column_unit: column.unit,
      column_scale: 1 / column.unit,
    };
    return [
      {
        code: resize({ storage: storageOf(call), mode: call.attrs.mode, workgroup }),
        bindings: [{ input: 0 }, { output: 0 }],
        params: params(resizeParams, values),
        workgroups,
      },
    ];
  },
};

/** Where the output's pixels lie in the input, along rows (0) or columns (1). */
function axisSampling({ inputs, outputs, attrs }: Call<Resize2dAttributes>, axis: 0 | 1): Sampling {
  return sampling(inputs[0]!.shape[axis + 2]!, outputs[0]!.shape[axis + 2]!, { ...attrs, scale: attrs.scale?.[axis] });
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
 * Positions are exact fractions. PyTorch's nearest modes multiply in f32, and where a position is an integer (a border
 * between pixels) they take the pixel before at some sizes and scales: 2 to 82 at 41, scale 2.2 at 11.
 * Throws ShapeError unless there is exactly one of size and scale and x is [N, C, H, W]; for an empty output, and for sizes
 * too large for the kernel's 32-bit positions.
 * Source: https://pytorch.org/docs/stable/generated/torch.nn.functional.interpolate.html
 */
export const resize2d: Operator<Resize2dAttributes, Resize2dGiven> = {
  name: "resize2d",
  attributes({ mode, coordinates, size, scale }) {
    if ((size === undefined) === (scale === undefined))
      throw new ShapeError(
        `resize2d: got size ${String(size)} and scale ${String(scale)}, expected exactly one of them`,
      );
    return {
      mode,
      coordinates: coordinates ?? (mode === "bilinear" ? "half-pixel" : "asymmetric"),
      size: size === undefined ? undefined : pair("resize2d: size", size, 1),
      scale: scale === undefined ? undefined : positivePair(scale),
    };
  },
  shape(inputs, attrs) {
    const [x] = inputs as [TensorType];
    const dtype = floatType("resize2d", inputs);
    requireRank("resize2d", "x", x, 4, "[N, C, H, W]");
    const [items, channels, height, width] = x.shape as [number, number, number, number];
    const { size, scale } = attrs;
    const out = size ?? [Math.floor(height * scale![0]), Math.floor(width * scale![1])];
    const shape = [items, channels, ...out];
    requireOutput("resize2d", shape, x.shape);
    [height, width].forEach((from, axis) => {
      const { start, step, unit } = sampling(from, out[axis]!, { ...attrs, scale: scale?.[axis] });
      if (Math.max(start + (out[axis]! - 1) * step, step, unit) < indexLimit) return;
      throw new ShapeError(
        `resize2d: ${from} to ${out[axis]} pixels: too large, expected about 2 * input size * output size below 2^31 along ` +
          `each axis (input shapes: ${formatShape(x.shape)})`,
      );
    });
    return [{ shape, dtype }];
  },
  cost(call) {
    const flop = call.attrs.mode === "bilinear" ? 9 * elementCount(call.outputs[0]!.shape) : 0;
    return { flop, bytes: operandBytes(call) };
  },
  kernels: [direct],
};

function positivePair(given: Size2d): Pair {
  const value: Pair = typeof given === "number" ? [given, given] : [given[0], given[1]];
  if (value.every((scale) => Number.isFinite(scale) && scale > 0)) return value;
  throw new ShapeError(`resize2d: scale: got ${formatShape(value)}, expected numbers above 0`);
}
