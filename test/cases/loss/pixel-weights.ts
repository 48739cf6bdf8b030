import {
  type PixelWeightsAttributes,
  type PixelWeightsGiven,
  pixelWeights,
} from "../../../src/ops/loss/pixel-weights.ts";
import { randomLabels } from "../../support/labels.ts";
import type { OperatorCases } from "../../support/operator-cases.ts";

const sets = "sets" as const;

export const pixelWeightsCases: OperatorCases<PixelWeightsAttributes, PixelWeightsGiven> = {
  operator: pixelWeights,
  reference([labels, weights], { classes, ignoreIndex, labels: form }) {
    const plane = labels!.data.length / labels!.shape[0]!;
    const data = labels!.data.map((label, place) => {
      const item = Math.floor(place / plane);
      const admits = (k: number) => (form === "sets" ? Math.floor(label / 2 ** k) % 2 === 1 : label === k);
      const admitted = Array.from({ length: classes }, (_, k) => k).filter(admits);
      const isIgnored = form === "sets" ? admitted.length % classes === 0 : label === ignoreIndex;
      if (isIgnored) return 0;
      return admitted.reduce((sum, k) => sum + (weights?.data[item * classes + k] ?? 1), 0) / admitted.length;
    });
    return [{ data, magnitude: data.map((value) => Math.abs(value) + (weights ? classes : 0)) }];
  },
  cases: [
    {
      why: "which pixels count, several workgroups",
      inputs: [randomLabels([2, 13, 15], 7, 255)],
      given: { classes: 7 },
    },
    { why: "of their class", inputs: [randomLabels([2, 4, 5], 3, 255), [2, 3]], given: { classes: 3 } },
    { why: "one item, no pixels", inputs: [randomLabels([1], 3), [1, 3]], given: { classes: 3 } },
    { why: "a class is ignored", inputs: [randomLabels([1, 9], 3), [1, 3]], given: { classes: 3, ignoreIndex: 1 } },
    {
      why: "unknown labels",
      inputs: [{ shape: [1, 3], dtype: "u32", values: [3, 254, 4294967295] }],
      given: { classes: 3 },
    },
    { why: "sets", inputs: [randomLabels([2, 3, 7], 16)], given: { classes: 4, labels: sets } },
    {
      why: "sets: the mean of their classes",
      inputs: [randomLabels([2, 37], 16), [2, 4]],
      given: { classes: 4, labels: sets },
    },
    {
      why: "sets of 32 classes",
      inputs: [{ shape: [1, 3], dtype: "u32", values: [0x80000001, 0xffffffff, 0] }, [1, 32]],
      given: { classes: 32, labels: sets },
    },
  ],
};
