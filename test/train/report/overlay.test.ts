// Which images are drawn, and what of labels shows.
import { decode } from "fast-png";
import { expect, test } from "vitest";
import { greyWindow } from "../../../src/overlay/index.ts";
import type { TargetKind } from "../../../src/segment/metrics.ts";
import { ignoreIndex, ignoreSet } from "../../../src/segment/metrics.ts";
import type { Dataset } from "../../../src/train/data/dataset.ts";
import { type SegmentBatch, validate } from "../../../src/train/loop/validate.ts";
import { drawOverlays, encodePreview } from "../../../src/train/report/overlay.ts";

const side = 32;

/** Image i has i wrong rows of 32; its upper half is class 1. */
function datasetOf(count: number, targets: TargetKind = "index"): Dataset {
  const ids = Array.from({ length: count }, (_, i) => `${i}`);
  const labels = Uint32Array.from({ length: side * side }, (_, p) => (p < (side * side) / 2 ? 1 : 0));
  return {
    size: count,
    imageSize: [side, side],
    ids,
    subjects: ids,
    targets,
    sample: async (index) => ({
      image: Float32Array.from(labels, (label, p) => (p < index * side ? 1 - label : label)),
      labels: targets === "index" ? labels : labels.map((label) => 2 ** label),
    }),
  };
}

const segment: SegmentBatch = async (samples) => ({ maps: samples.map(({ image }) => image) });

async function overlaysOf(dataset: Dataset, count?: number) {
  const { images } = await validate(segment, dataset, { classes: ["background", "body"], batch: 2 });
  return drawOverlays(segment, dataset, images, count);
}

test.each([
  [1, ["0"], []],
  [2, ["1"], ["0"]],
  [4, ["3", "2"], ["0", "1"]],
  [5, ["4", "3", "2"], ["0", "1"]],
  [8, ["7", "6", "5"], ["0", "1", "2"]],
])("of %d images, none is drawn twice", async (count, worst, best) => {
  const overlays = await overlaysOf(datasetOf(count));
  const ids = (list: readonly { id: string }[]) => list.map(({ id }) => id);
  expect(ids(overlays.best)).toEqual(best);
  expect(ids(overlays.worst)).toEqual(worst);
});

const isWhite = (pixels: ArrayLike<number>, at: number) =>
  pixels[at * 3] === 255 && pixels[at * 3 + 1] === 255 && pixels[at * 3 + 2] === 255;

function whiteRows(png: Uint8Array): number[] {
  const { width, height, data } = decode(png);
  return Array.from({ length: height }, (_, y) => y).filter((y) =>
    Array.from({ length: width }, (_, x) => y * width + x).some((at) => isWhite(data, at)),
  );
}

test.each(["index", "sets"] as const)(
  "labels that are %s are outlined where they are of one class",
  async (targets) => {
    const grey = datasetOf(1, targets);
    // No image, no prediction: what is white is the outline of the labels.
    const dark: Dataset = {
      ...grey,
      sample: async (index) => ({ ...(await grey.sample(index)), image: new Float32Array(side * side) }),
    };
    const black: SegmentBatch = async (samples) => ({ maps: samples.map(() => new Uint8Array(side * side)) });
    const { images } = await validate(black, dark, { classes: ["background", "body"], batch: 1 });
    const rows = whiteRows((await drawOverlays(black, dark, images)).worst[0]!.png);
    expect(rows.length).toBeGreaterThan(100);
    expect(Math.max(...rows)).toBe(191); // of 384: the upper half
    const ignored: Dataset = {
      ...dark,
      sample: async (index) => {
        const sample = await dark.sample(index);
        const none = targets === "index" ? ignoreIndex : ignoreSet;
        return { ...sample, labels: sample.labels.map((label, p) => (p < (side * side) / 4 ? none : label)) };
      },
    };
    expect(Math.min(...whiteRows((await drawOverlays(black, ignored, images)).worst[0]!.png))).toBe(96);
  },
);

test("a preview has a tile for each image", () => {
  const image = {
    height: 8,
    width: 8,
    grey: Float32Array.from({ length: 64 }, (_, p) => p),
    classes: new Uint8Array(64),
  };
  const draw = (count: number) =>
    decode(
      encodePreview(
        Array.from({ length: count }, (_, i) => ({ ...image, id: `${i}` })),
        "x",
        ["background", "body"],
      ),
    );
  const { width, height } = draw(6);
  expect(width * height).toBeGreaterThan(5 * 320 * 320);
  expect(greyWindow([image.grey])).toEqual({ black: 1, white: 62 });
});
