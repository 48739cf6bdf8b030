// PyTorch's convolutions, pools and interpolations as graphs. Those along one axis run as images of one row.
import type { Value } from "../../src/graph/ir/graph.ts";
import {
  adaptiveAveragePool2d,
  adaptiveAveragePool3d,
  averagePool2d,
  averagePool3d,
  conv2d,
  conv3d,
  convTranspose2d,
  convTranspose3d,
  maxPool2d,
  maxPool3d,
  resize2d,
  resize3d,
} from "../../src/ops/index.ts";
import type { Coordinates } from "../../src/ops/sample/resize-sampling.ts";
import type { Pair, Sides, Sides3d, Triple } from "../../src/ops/walk/window.ts";
import type { Shape } from "../../src/tensor.ts";
import { type Call, OutOfScope, type Translation } from "./opinfo-call.ts";

type Axes = 1 | 2 | 3;
const allAxes: readonly Axes[] = [1, 2, 3];

export const windows: Readonly<Record<string, Translation>> = Object.fromEntries(
  allAxes.flatMap((axes) => [
    [`nn.functional.conv${axes}d`, conv(axes)],
    [`nn.functional.conv_transpose${axes}d`, convTranspose(axes)],
    [`nn.functional.max_pool${axes}d`, maxPool(axes)],
    [`nn.functional.avg_pool${axes}d`, averagePool(axes)],
    [`nn.functional.adaptive_avg_pool${axes}d`, adaptiveAveragePool(axes)],
  ]),
);

export const interpolations: Readonly<Record<string, Translation>> = {
  ...Object.fromEntries(
    ["nearest", "nearest-exact", "linear", "bilinear", "trilinear"].map((mode) => [
      `nn.functional.interpolate.${mode}`,
      {
        signature: "input size scale_factor mode align_corners recompute_scale_factor antialias",
        build(call: Call) {
          if (call.boolean("antialias")) throw new OutOfScope("antialias=True");
          return interpolate(call, call.text("mode", "nearest"), call.boolean("align_corners"));
        },
      },
    ]),
  ),
  "nn.functional.upsample_bilinear": {
    signature: "input size scale_factor",
    build: (call) => interpolate(call, "bilinear", true),
  },
  "nn.functional.upsample_nearest": {
    signature: "input size scale_factor",
    build: (call) => interpolate(call, "nearest", false),
  },
};

/** An image or a volume in a batch, and the way back to the shape that PyTorch gives. */
function lift(call: Call, x: Value, axes: Axes): { x: Value; lower(y: Value): Value } {
  const { shape } = x.type;
  const isBatched = shape.length === axes + 2;
  if (!isBatched && shape.length !== axes + 1) throw new OutOfScope(`${shape.length} axes for a window of ${axes}`);
  const [items, channels, ...sizes] = isBatched ? shape : [1, ...shape];
  return {
    x: call.reshape(x, [items!, channels!, ...lifted(sizes, axes, 1)]),
    lower(y) {
      const [outItems, outChannels, ...outSizes] = y.type.shape;
      const own = axes === 1 ? outSizes.slice(1) : outSizes;
      return call.reshape(y, [...(isBatched ? [outItems!] : []), outChannels!, ...own]);
    },
  };
}

/** The same of a line, which is an image of one row. */
function lifted(sizes: readonly number[], axes: Axes, row: number): readonly number[] {
  return axes === 1 ? [row, ...sizes] : sizes;
}

function pair(sizes: readonly number[]): Pair {
  return [sizes[0]!, sizes[1]!];
}

function triple(sizes: readonly number[]): Triple {
  return [sizes[0]!, sizes[1]!, sizes[2]!];
}

function sides(sizes: readonly number[]): Sides {
  return [sizes[0]!, sizes[1]!, sizes[2]!, sizes[3]!];
}

function sides3d(sizes: readonly number[]): Sides3d {
  return [sizes[0]!, sizes[1]!, sizes[2]!, sizes[3]!, sizes[4]!, sizes[5]!];
}

function liftWeight(call: Call, weight: Value, axes: Axes): Value {
  const [first, second, ...taps] = weight.type.shape;
  return call.reshape(weight, [first!, second!, ...lifted(taps, axes, 1)]);
}

function conv(axes: Axes): Translation {
  return {
    signature: "input weight bias stride padding dilation groups",
    build(call) {
      const { x, lower } = lift(call, call.tensor("input"), axes);
      const weight = call.tensor("weight");
      const bias = call.optional("bias");
      const size = (name: string) => lifted(call.sizes(name, axes, 1), axes, 1);
      const [stride, dilation, groups] = [size("stride"), size("dilation"), call.number("groups", 1)];
      const padding = convPadding(call, weight.type.shape, dilation, axes);
      const inputs = [x, liftWeight(call, weight, axes)];
      const options = bias ? { bias } : {};
      const y =
        axes === 3
          ? call.builder.apply(
              conv3d,
              inputs,
              { stride: triple(stride), padding: sides3d(padding), dilation: triple(dilation), groups },
              options,
            )
          : call.builder.apply(
              conv2d,
              inputs,
              { stride: pair(stride), padding: sides(padding), dilation: pair(dilation), groups },
              options,
            );
      return lower(y);
    },
  };
}

/** Zeros before each axis, and then behind each. */
function convPadding(call: Call, weight: Shape, dilation: readonly number[], axes: Axes): readonly number[] {
  const given = call.get("padding");
  if (given === "valid") return Array.from({ length: 2 * Math.max(axes, 2) }, () => 0);
  if (given === "same") {
    const totals = lifted(weight.slice(2), axes, 1).map((taps, axis) => dilation[axis]! * (taps - 1));
    const before = totals.map((total) => Math.floor(total / 2));
    return [...before, ...totals.map((total, axis) => total - before[axis]!)];
  }
  const each = lifted(call.sizes("padding", axes, 0), axes, 0);
  return [...each, ...each];
}

function convTranspose(axes: Axes): Translation {
  return {
    signature: "input weight bias stride padding output_padding groups dilation",
    build(call) {
      const { x, lower } = lift(call, call.tensor("input"), axes);
      const weight = liftWeight(call, call.tensor("weight"), axes);
      const bias = call.optional("bias");
      const size = (name: string, otherwise: number) => lifted(call.sizes(name, axes, otherwise), axes, otherwise);
      const [stride, dilation] = [size("stride", 1), size("dilation", 1)];
      const [padding, outputPadding] = [size("padding", 0), size("output_padding", 0)];
      const groups = call.number("groups", 1);
      const options = bias ? { bias } : {};
      const given = <T>(as: (sizes: readonly number[]) => T) => ({
        stride: as(stride),
        padding: as(padding),
        outputPadding: as(outputPadding),
        dilation: as(dilation),
        groups,
      });
      const y =
        axes === 3
          ? call.builder.apply(convTranspose3d, [x, weight], given(triple), options)
          : call.builder.apply(convTranspose2d, [x, weight], given(pair), options);
      return lower(y);
    },
  };
}

function maxPool(axes: Axes): Translation {
  return {
    signature: "input kernel_size stride padding dilation ceil_mode return_indices",
    build(call) {
      const { x, lower } = lift(call, call.tensor("input"), axes);
      const kernel = lifted(call.sizes("kernel_size", axes), axes, 1);
      const stride = call.get("stride") === null ? kernel : lifted(call.sizes("stride", axes), axes, 1);
      const padding = lifted(call.sizes("padding", axes, 0), axes, 0);
      const dilation = lifted(call.sizes("dilation", axes, 1), axes, 1);
      const given = <T>(as: (sizes: readonly number[]) => T) => ({
        kernel: as(kernel),
        stride: as(stride),
        padding: as(padding),
        dilation: as(dilation),
        ceilMode: call.boolean("ceil_mode"),
        indices: call.boolean("return_indices"),
      });
      const y =
        axes === 3
          ? call.builder.applyAll(maxPool3d, [x], given(triple))
          : call.builder.applyAll(maxPool2d, [x], given(pair));
      return y.map(lower);
    },
  };
}

function averagePool(axes: Axes): Translation {
  return {
    signature: "input kernel_size stride padding ceil_mode count_include_pad divisor_override",
    build(call) {
      const { x, lower } = lift(call, call.tensor("input"), axes);
      const kernel = lifted(call.sizes("kernel_size", axes), axes, 1);
      const stride = call.list("stride")?.length ? lifted(call.sizes("stride", axes), axes, 1) : kernel;
      const padding = lifted(call.sizes("padding", axes, 0), axes, 0);
      const divisor = call.get("divisor_override");
      const given = <T>(as: (sizes: readonly number[]) => T) => ({
        kernel: as(kernel),
        stride: as(stride),
        padding: as(padding),
        ceilMode: call.boolean("ceil_mode"),
        countIncludePad: call.boolean("count_include_pad", true),
        ...(divisor !== null && { divisorOverride: call.number("divisor_override") }),
      });
      const y =
        axes === 3 ? call.apply(averagePool3d, [x], given(triple)) : call.apply(averagePool2d, [x], given(pair));
      return lower(y);
    },
  };
}

function adaptiveAveragePool(axes: Axes): Translation {
  return {
    signature: "input output_size",
    build(call) {
      const { x, lower } = lift(call, call.tensor("input"), axes);
      const given = call.get("output_size");
      const sizes: readonly unknown[] = Array.isArray(given) ? given : Array.from({ length: axes }, () => given);
      const own = x.type.shape.slice(-axes);
      const size = own.map((from, axis) => {
        const to = sizes[axis];
        return typeof to === "number" ? to : from;
      });
      const outputSize = lifted(size, axes, 1);
      const y =
        axes === 3
          ? call.apply(adaptiveAveragePool3d, [x], { outputSize: triple(outputSize) })
          : call.apply(adaptiveAveragePool2d, [x], { outputSize: pair(outputSize) });
      return lower(y);
    },
  };
}

function interpolate(call: Call, mode: string, alignCorners: boolean): Value {
  const input = call.tensor("input");
  const axes = input.type.shape.length - 2;
  if (axes !== 1 && axes !== 2 && axes !== 3) throw new OutOfScope(`an image of ${axes} axes`);
  const { x, lower } = lift(call, input, axes);
  const isNearest = mode.startsWith("nearest");
  const halfPixel: Coordinates = mode === "nearest" ? "asymmetric" : "half-pixel";
  const coordinates: Coordinates = alignCorners ? "align-corners" : halfPixel;
  const scales = call.get("scale_factor") === null ? undefined : call.sizes("scale_factor", axes);
  const isRecomputed = call.boolean("recompute_scale_factor");
  const own = input.type.shape.slice(2);
  const size = scales ? own.map((from, axis) => Math.floor(from * scales[axis]!)) : call.sizes("size", axes);
  if (scales) call.ignore("size");
  const given = <T>(as: (sizes: readonly number[]) => T) =>
    scales && !isRecomputed
      ? { coordinates, scale: as(lifted(scales, axes, 1)) }
      : { coordinates, size: as(lifted(size, axes, 1)) };
  const y =
    axes === 3
      ? call.apply(resize3d, [x], { ...given(triple), mode: isNearest ? "nearest" : "trilinear" })
      : call.apply(resize2d, [x], { ...given(pair), mode: isNearest ? "nearest" : "bilinear" });
  return lower(y);
}
