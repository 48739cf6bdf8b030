import type { Segmentation } from "./segmentation.ts";
import type { Session } from "./session.ts";
import { formatCount, formatFacts, formatMs, formatSize, formatTable } from "./table.ts";

export interface WrittenFiles {
  readonly mask: string;
  readonly overlay: string | undefined;
}

export function segmentationJson(result: Segmentation, written: WrittenFiles): object {
  const { scan, file, adapter, maps, measures, truth, prepareMs, segmentMs } = result;
  return {
    image: scan.name,
    shape: scan.shape,
    slices: { count: maps.length, ...scan.size, axis: scan.axis, distanceMm: scan.sliceMm },
    model: file.name,
    network: file.network.name,
    adapter,
    // What is undefined is null.
    classes: truth ? measures.map((measure) => ({ ...measure, dsc: measure.dsc ?? null })) : measures,
    ...(truth && { truthLabelsIgnored: truth.ignored }),
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
    ...(truth ? [{ title: "DSC", align: "right" } as const] : []),
  ] as const;
  const rows = measures.map((measure) => [
    String(measure.label),
    measure.name,
    formatSize(measure),
    formatCount(measure.pixels),
    ...(is3d ? [`${measure.slices} of ${count}`] : []),
    ...(truth ? [measure.dsc?.toFixed(4) ?? "-"] : []),
  ]);
  const files = [written.mask, ...(written.overlay ? [written.overlay] : [])].map((path) => `wrote ${path}`);
  const ignored = truth?.ignored ?? [];
  const notes =
    ignored.length > 0 ? [`truth labels ${ignored.join(", ")} belong to no class of the model: background`] : [];
  session.print([formatFacts(facts), formatTable(columns, rows), [...notes, ...files].join("\n")].join("\n\n"));
}

/** Up to three decimals, none that are zero. */
function formatMm(length: number): string {
  return String(Number(length.toFixed(3)));
}
