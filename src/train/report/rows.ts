// Results as rows of CSV files.
import type { CsvField } from "../../report/csv.ts";
import { type MaskMetrics, maskMetricNames } from "../../segment/mask-metrics.ts";
import { classAreas, type ValidationResult } from "../loop/results.ts";

const countNames = ["truePositive", "falsePositive", "falseNegative", "trueNegative"] as const;

/** One row for each image and class; an undefined metric is an empty field. Areas are of the pixels that count. */
export function imageRows({ images, classes }: ValidationResult): CsvField[][] {
  const sizes = ["areaMm2", "truthAreaMm2", "rowMm", "columnMm"];
  const title = ["image", "subject", "class", "name", ...countNames, ...maskMetricNames, ...sizes];
  const rows = images.flatMap((image) =>
    image.counts.map((pixels, c) => {
      const { id, subject, spacingMm } = image;
      const { areaMm2, truthAreaMm2 } = classAreas(image, c);
      return [
        ...[id, subject, c, classes[c]!.name],
        ...countNames.map((name) => pixels[name]),
        ...fieldsOf(image.classes[c]!),
        ...[areaMm2, truthAreaMm2, ...(spacingMm ?? [])],
      ];
    }),
  );
  return [title, ...rows.map((row) => filled(row, title.length))];
}

/** Rows for each volume and class but the background: the whole of it, and its thirds that have a slice. */
export function volumeRows({ volumes, classes }: ValidationResult): CsvField[][] {
  const title = ["volume", "subject", "class", "name", "part", ...maskMetricNames, "slices"];
  const places = ["sliceMm", "rowMm", "columnMm"];
  const rows = volumes.flatMap(({ id, subject, classes: metrics, slices, spacingMm }) =>
    metrics.slice(1).flatMap(({ thirds, ...whole }, n) => {
      const parts = { whole, first: thirds[0], middle: thirds[1], last: thirds[2] };
      return Object.entries(parts).flatMap(([part, found]) =>
        found
          ? [[id, subject, n + 1, classes[n + 1]!.name, part, ...fieldsOf(found), slices, ...(spacingMm ?? [])]]
          : [],
      );
    }),
  );
  const titles = [...title, ...places];
  return [titles, ...rows.map((row) => filled(row, titles.length))];
}

function fieldsOf(metrics: MaskMetrics): (number | undefined)[] {
  return maskMetricNames.map((name) => metrics[name]);
}

function filled(row: readonly CsvField[], length: number): CsvField[] {
  return Array.from({ length }, (_, i) => row[i]);
}
