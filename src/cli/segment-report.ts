import type { Scan } from "../node.ts";
import { withNulls } from "./json.ts";
import type { Segmentation } from "./segmentation.ts";
import type { Session } from "./session.ts";
import { formatCount, formatFacts, formatMeasure, formatMs, formatSize, formatTable } from "./table.ts";

export interface WrittenFiles {
  readonly mask: string;
  readonly overlay: string | undefined;
}

export function segmentationJson(result: Segmentation, written: WrittenFiles): object {
  const { scan, file, adapter, maps, measures, truth, rules, prepareMs, segmentMs } = result;
  return {
    image: scan.name,
    shape: scan.shape,
    slices: { count: maps.length, ...scan.size, axis: scan.axis, distanceMm: scan.sliceMm },
    model: file.name,
    network: file.network.name,
    adapter,
    classes: withNulls(measures),
    ...(truth && {
      truthLabelsIgnored: truth.ignored,
      measures: { spacingMm: spacingOf(scan), sheared: isSheared(scan), ...rules },
    }),
    prepareMs,
    segmentMs,
    mask: written.mask,
    overlay: written.overlay,
  };
}

export function printSegmentation(session: Session, result: Segmentation, written: WrittenFiles): void {
  const { scan, file, adapter, maps, measures, truth, prepareMs, segmentMs } = result;
  const { height, width, spacingMm } = scan.size;
  const size = `${height}x${width} at ${spacingMm.map(formatMm).join(" x ")} mm`;
  const count = maps.length;
  const slices = scan.axis === undefined ? size : `${count} of ${size}, ${scan.axis}`;
  const facts = {
    image: scan.name,
    [scan.axis === undefined ? "size" : "slices"]: slices,
    model: file.name,
    adapter,
    time: `${formatMs(segmentMs)}${count > 1 ? `, ${formatMs(segmentMs / count)} a slice` : ""} (and ${formatMs(prepareMs)} to prepare)`,
  };
  const is3d = scan.sliceMm !== undefined;
  const columns = [
    { title: "label", align: "right" },
    { title: "class" },
    { title: is3d ? "volume" : "area", align: "right" },
    { title: is3d ? "voxels" : "pixels", align: "right" },
    ...(is3d ? [{ title: "slices", align: "right" } as const] : []),
    ...(truth ? ["DSC", "IoU", "HD95 mm", "ASSD mm"].map((title) => ({ title, align: "right" }) as const) : []),
  ] as const;
  const rows = measures.map((measure) => [
    String(measure.label),
    measure.name,
    formatSize(measure),
    formatCount(measure.pixels),
    ...(is3d ? [`${measure.slices} of ${count}`] : []),
    ...(truth
      ? [
          ...[measure.dsc, measure.iou].map((value) => formatMeasure(value)),
          ...[measure.hausdorff95, measure.assd].map((value) => formatMeasure(value, 2)),
        ]
      : []),
  ]);
  const files = [written.mask, ...(written.overlay ? [written.overlay] : [])].map((path) => `wrote ${path}`);
  const ignored = truth?.ignored ?? [];
  const notes = [
    ...(ignored.length > 0 ? [`truth labels ${ignored.join(", ")} belong to no class of the model: background`] : []),
    ...(truth && isSheared(scan) ? ["the image is sheared: distances are of its grid without the shear"] : []),
  ];
  session.print([formatFacts(facts), formatTable(columns, rows), [...notes, ...files].join("\n")].join("\n\n"));
}

/** What distances are measured by: of slices, rows and columns. */
function spacingOf({ sliceMm, size: { spacingMm } }: Scan): number[] {
  return sliceMm === undefined ? [...spacingMm] : [sliceMm, ...spacingMm];
}

/** Whether voxels are less than the product of their sides: their axes are not at right angles. */
function isSheared(scan: Scan): boolean {
  const product = spacingOf(scan).reduce((volume, side) => volume * side, 1);
  return scan.voxelMm3 !== undefined && scan.voxelMm3 < 0.9999 * product;
}

/** Up to three decimals, none that are zero. */
function formatMm(length: number): string {
  return String(Number(length.toFixed(3)));
}
