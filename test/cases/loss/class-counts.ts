import { type ClassCountsAttributes, classCounts } from "../../../src/ops/loss/class-counts.ts";
import { randomLabels } from "../../support/labels.ts";
import type { OperatorCases } from "../../support/operator-cases.ts";

export const classCountsCases: OperatorCases<ClassCountsAttributes, ClassCountsAttributes> = {
  operator: classCounts,
  reference([labels], { classes }) {
    const items = labels!.shape[0]!;
    const plane = labels!.data.length / items;
    const data = new Float64Array(items * classes);
    labels!.data.forEach((label, place) => {
      if (label < classes) data[Math.floor(place / plane) * classes + label]!++;
    });
    return [{ data, magnitude: new Float64Array(data.length), exact: true }];
  },
  cases: [
    { why: "one pixel", inputs: [randomLabels([1, 1], 2)], given: { classes: 2 } },
    {
      why: "an image, batch 2, some pixels ignored",
      inputs: [randomLabels([2, 13, 15], 7, 255)],
      given: { classes: 7 },
    },
    { why: "classes that are absent, labels that are none", inputs: [randomLabels([3, 9], 20)], given: { classes: 5 } },
    { why: "several workgroups, no pixels", inputs: [randomLabels([50], 9)], given: { classes: 9 } },
    {
      why: "an image larger than a workgroup's blocks",
      inputs: [randomLabels([2, 96, 128], 4)],
      given: { classes: 4 },
    },
    { why: "a volume", inputs: [randomLabels([2, 5, 7, 9], 3)], given: { classes: 3 } },
  ],
};
