// Convolutions as several operators, where that is faster.
import type { WinogradTile } from "../../../shaders/wgsl/winograd.ts";
import { reshape } from "../move/reshape.ts";
import { transpose } from "../move/transpose.ts";
import type { Decomposition, Operator } from "../operator.ts";
import { sumParts } from "../reduce/sum-parts.ts";
import { dimensions } from "../walk/dimensions.ts";
import type { ImageTypes } from "../walk/window.ts";
import type { ConvAttributes, ConvGiven } from "./rules.ts";
import { convSizes, splitApplies } from "./sizes.ts";
import { winogradApplies, winogradElements, winogradInput, winogradOutput, winogradWeight } from "./winograd.ts";

type Attributes = ConvAttributes<ImageTypes>;
type Conv2d = Operator<Attributes, ConvGiven<ImageTypes>, 2>;

/**
 * `conv2d/winograd2` and `conv2d/winograd4`: 3x3 kernels, stride and dilation 1, one group.
 * Error of an element: at most 8 eps32 times the sum of absolute products of the transformed operands, seen through
 * |A^T| . |A|; measured on ReLU-like data, the relative L2 error is 0.8 times (m = 2) and 2.3 times (m = 4) that of
 * adding the products in a row.
 * `conv2d` is handed in, since it lists these itself.
 */
export function winograd(tile: WinogradTile, conv2d: () => Conv2d): Decomposition<Attributes, 2> {
  return {
    name: `conv2d/winograd${tile}`,
    applies: (call, device) => winogradApplies(tile, call, device),
    build({ inputs: [x, weight, ...others], apply }, call) {
      const { outHeight, outWidth } = convSizes(call);
      const [top, left] = call.attrs.padding;
      const size = [outHeight, outWidth] as const;
      const patches = apply("patches", winogradInput, [x], { tile, size, padding: [top, left] });
      const kernels = apply("kernels", winogradWeight, [weight], { tile });
      const products = apply("products", conv2d(), [patches, kernels], { groups: winogradElements(tile) });
      return apply("tiles", winogradOutput, [products, ...others], { tile, size }, call.epilogue);
    },
  };
}

/**
 * `conv2d/split2` to `conv2d/split16` (split K): input channels in parts that are summed on their own, so that small images of
 * many channels occupy a large device. A part is a group of one convolution whose results are then added, in f32 only: in
 * f16 the partial sums would be rounded.
 */
export function splitChannels(parts: number, conv2d: () => Conv2d): Decomposition<Attributes, 2> {
  return {
    name: `conv2d/split${parts}`,
    applies: (call, device) => splitApplies(parts, call, device),
    build({ inputs: [x, weight, ...others], apply }, { attrs, epilogue, inputs }) {
      const [outChannels, channels, rows, columns] = dimensions(inputs[1].shape, 4);
      const part = channels / parts;
      const split = apply("split", reshape, [weight], { shape: [outChannels, parts, part, rows, columns] });
      const regrouped = apply("regrouped", transpose, [split], { permutation: [1, 0, 2, 3, 4] });
      const shape = [parts * outChannels, part, rows, columns];
      const groups = apply("weight", reshape, [regrouped], { shape });
      const sums = apply("parts", conv2d(), [x, groups], { ...attrs, groups: parts });
      return apply("sum", sumParts, [sums, ...others], { parts }, epilogue);
    },
  };
}
