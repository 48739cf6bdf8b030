// How many pixels each class has.
import { classCountsShader, classCountsSpec } from "../../../shaders/loss/class-counts.wgsl.ts";
import { ShapeError } from "../../errors.ts";
import { elementCount } from "../../tensor.ts";
import { operandBytes } from "../cost.ts";
import { reshape } from "../move/reshape.ts";
import type { Decomposition, Kernel, Operator } from "../operator.ts";
import { params } from "../parameters.ts";
import { sum } from "../reduce/sum-expand.ts";
import { prefersWorkgroups, rowGrid, rowLanes } from "../walk/rows.ts";
import { strided, walk } from "../walk/strided.ts";
import { requireIntegers } from "../walk/window.ts";
import { pixelSizes } from "./labels.ts";
import { alongItems } from "./pixels.ts";

export interface ClassCountsAttributes {
  /** C. */
  readonly classes: number;
}

function counting(name: string, lanes: number): Kernel<ClassCountsAttributes> {
  return {
    name: `classCounts/${name}`,
    applies: () => true,
    views: "all",
    dispatches({ inputs: [labels], outputs: [y] }, device) {
      const arrays = { labels: alongItems(labels), y: strided(y) };
      const plan = walk(y.shape, arrays, { vectors: false, join: false });
      return [
        {
          code: classCountsShader({ ...plan.template, lanes }),
          bindings: [{ input: 0 }, { output: 0 }],
          params: params(classCountsSpec(plan.template), { ...plan.values, pixels: pixelSizes(labels)[1] }),
          workgroups: rowGrid(plan.count, lanes, device),
        },
      ];
    },
  };
}

/** Parts that images fall into, so that they fill a GPU. */
const mostParts = 64;
const fewestPixels = 4096;

/** The largest number of equal parts. */
function partsOf(pixels: number): number {
  for (let parts = Math.min(mostParts, Math.floor(pixels / fewestPixels)); parts > 1; parts--) {
    if (pixels % parts === 0) return parts;
  }
  return 1;
}

/** Counts the pixels of every part as if it were an image, and adds up the parts. */
const split: Decomposition<ClassCountsAttributes> = {
  name: "classCounts/split",
  applies: ({ inputs }) => partsOf(pixelSizes(inputs[0])[1]) > 1,
  build({ inputs, apply }, call) {
    const { classes } = call.attrs;
    const [items, pixels] = pixelSizes(call.inputs[0]);
    const parts = partsOf(pixels);
    const cut = apply("cut", reshape, [inputs[0]], { shape: [items * parts, pixels / parts] });
    const counts = apply("parts", classCounts, [cut], { classes });
    const byItem = apply("items", reshape, [counts], { shape: [items, parts, classes] });
    return apply("sum", sum, [byItem], { axes: [1] });
  },
};

/**
 * Counts the pixels of each class in each item; labels that are no class are not counted.
 * - labels: u32 [N, ...]; output: f32 [N, C], exact up to 2^24 pixels
 * - gradient: none.
 * Throws ShapeError unless labels are u32 with a batch axis.
 */
export const classCounts: Operator<ClassCountsAttributes, ClassCountsAttributes> = {
  name: "classCounts",
  attributes({ classes }) {
    requireIntegers("classCounts: classes", [classes], 1);
    return { classes };
  },
  shape([labels], { classes }) {
    if (labels.dtype !== "u32") throw new ShapeError(`classCounts: labels are ${labels.dtype}, expected u32`);
    const [items] = labels.shape;
    if (items === undefined) throw new ShapeError("classCounts: labels have shape [], expected [N, ...]");
    return [{ shape: [items, classes], dtype: "f32" }];
  },
  cost: (call) => ({
    flop: elementCount(call.inputs[0].shape) * call.attrs.classes,
    bytes: operandBytes(call),
  }),
  kernels: [counting("columns", 1), counting("rows", rowLanes)],
  decompositions: [split],
  prefer(call, device) {
    const terms = pixelSizes(call.inputs[0])[1];
    if (split.applies(call, device)) return split.name;
    const rows = elementCount(call.outputs[0].shape);
    return prefersWorkgroups(device, { rows, terms, contiguous: true }) ? "classCounts/rows" : "classCounts/columns";
  },
};
