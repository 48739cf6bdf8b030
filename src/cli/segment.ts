// `atrous segment`: a scan in, a mask with the same geometry out, and what there is to say about it.

import { basename } from "node:path";
import { type Command, Option } from "commander";
import { createSegmenter, type Gpu, type HeadOptions, type ModelFile, UsageError } from "../index.ts";
import {
  type AxisName,
  defaultMeasures,
  isPng,
  mapTruth,
  measureClasses,
  readScan,
  requireMaskName,
  type Scan,
  type TruthLabels,
  writeFileAtomic,
} from "../node.ts";
import {
  averageHeadsOption,
  chosenHeads,
  emptyIsPerfectOption,
  levelOption,
  type MeasureFlags,
  parseCount,
  parseIndex,
  parseMillimetres,
  precisionOption,
  toleranceOption,
} from "./arguments.ts";
import { naming } from "./failure.ts";
import { defaultModelPath, openModel } from "./model.ts";
import { requireDistinct, requireNewFile } from "./output.ts";
import { encodeOverlay } from "./overlay.ts";
import { printSegmentation, segmentationJson } from "./segment-report.ts";
import type { GlobalOptions, Session } from "./session.ts";
import { parseTruthLabels } from "./truth-labels.ts";
import { readTuning } from "./tune.ts";

interface SegmentOptions extends GlobalOptions, HeadOptions, MeasureFlags {
  readonly output?: string;
  readonly overlay?: string;
  readonly model?: string;
  readonly truth?: string;
  readonly truthLabels?: TruthLabels;
  readonly axis: AxisName;
  readonly volume?: number;
  readonly spacing?: number;
  readonly batch: number;
  readonly precision: "f32" | "f16";
  readonly tuning?: string;
  readonly force: boolean;
  readonly json?: true;
}

export function addSegment(program: Command, session: Session): void {
  program
    .command("segment")
    .description("Segment a NIfTI volume or a PNG picture; write a mask of the same geometry.")
    .argument("<IMAGE>", ".nii, .nii.gz or .png")
    .option("-o, --output <mask>", "mask to write (default: NAME-mask.nii.gz or .png here)")
    .option("--overlay <png>", "also draw the slices with their classes into one picture")
    .option("--model <model>", "model (default: the small lumbar model of this package)")
    .option("--truth <mask>", "expected labels, of the same size; measures each class")
    .option("--truth-labels <list>", "label of each class in the truth: 1,2 or 1-5 or 1+4+7", parseTruthLabels)
    .addOption(toleranceOption())
    .addOption(emptyIsPerfectOption())
    .addOption(
      new Option("--axis <axis>", "what slices lie across").choices(["sagittal", "i", "j", "k"]).default("sagittal"),
    )
    .option("--volume <n>", "which volume of a 4-D file, from 0", parseIndex)
    .option("--spacing <mm>", "pixel size of a PNG (default: 1)", parseMillimetres)
    .option("--batch <n>", "slices in one run", parseCount, 4)
    .addOption(precisionOption())
    .addOption(levelOption())
    .addOption(averageHeadsOption())
    .option("--tuning <file>", "kernels that `atrous tune` measured on this adapter")
    .option("--force", "replace a mask that is read-only, another user's, or a broken link", false)
    .option("--json", "print JSON on standard output")
    .addHelpText(
      "after",
      `
The mask holds the number of each pixel's class, 0 for background.

Truth labels within 0.001 of a whole number are that number; the file may store
the axes of the image in another order. A class that neither prediction nor
truth have is undefined ("-", null), and so are distances of a class that one of
them lacks. Distances are between the surfaces in the volume, weighted by area,
or the contours in a picture, in mm by the image's spacing: HD95 is the 95 %
Hausdorff distance, ASSD the average one. --json has more measures, of each
slice by itself, and of the thirds of the slices that hold the truth.

Examples:
  $ atrous segment scan.nii.gz -o mask.nii.gz --overlay overlay.png
  $ atrous segment slice.png --spacing 0.7 -o mask.png
  $ atrous segment scan.nii.gz --truth truth.nii.gz --truth-labels 1-5 --json`,
    )
    .action(async (image: string, _, command: Command) => {
      await segment(session, image, command.optsWithGlobals<SegmentOptions>());
    });
}

async function segment(session: Session, image: string, options: SegmentOptions): Promise<void> {
  const maskPath = options.output ?? defaultMaskName(image);
  const modelPath = options.model ?? defaultModelPath();
  requireMaskName(image, maskPath);
  const inputs = [image, modelPath, ...(options.truth ? [options.truth] : [])];
  await requireNewFile(maskPath, inputs, options.force);
  if (options.overlay) await requireNewFile(options.overlay, inputs, options.force);
  await requireDistinct([maskPath, options.overlay]);
  for (const name of ["truthLabels", "tolerance", "emptyIsPerfect"] as const) {
    if (options[name] === undefined || options.truth) continue;
    const flag = name.replaceAll(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);
    throw new UsageError(`--${flag}: is given without --truth`);
  }

  const { axis, spacing, volume } = options;
  const scan = await readScan(image, { axis, spacing, volume });
  const truthSlices = options.truth ? await scan.readLabels(options.truth) : undefined;
  const file = await openModel(modelPath);
  try {
    const names = file.labels ?? classNumbers(file);
    const truth = truthSlices && mapTruth(truthSlices, names.length, options.truthLabels);
    const result = await session.withGpu(options, async (gpu) => {
      const run = await segmentScan(session, gpu, scan, file, options);
      const rules = {
        toleranceMm: options.tolerance ?? defaultMeasures.toleranceMm,
        emptyIsPerfect: options.emptyIsPerfect ?? defaultMeasures.emptyIsPerfect,
      };
      const measures = measureClasses(scan, names, run.maps, truth?.maps, rules);
      return { scan, file, adapter: gpu.adapter.driver, names, truth, rules, measures, ...run };
    });
    const force = options.force === true;
    await writeFileAtomic(maskPath, await scan.encodeMask(result.maps, maskPath), { force });
    if (options.overlay) await writeFileAtomic(options.overlay, await encodeOverlay(result), { force });
    const written = { mask: maskPath, overlay: options.overlay };
    if (options.json) session.printJson(segmentationJson(result, written));
    else printSegmentation(session, result, written);
  } finally {
    await file.weights.close();
  }
}

async function segmentScan(session: Session, gpu: Gpu, scan: Scan, file: ModelFile, options: SegmentOptions) {
  const started = performance.now();
  const preparing = session.progress("preparing kernels");
  const batch = Math.min(options.batch, scan.slices.length);
  const { precision } = options;
  const tuning = options.tuning === undefined ? undefined : await readTuning(options.tuning);
  const misses: string[] = [];
  const sizes = {
    ...scan.size,
    batch,
    precision,
    ...chosenHeads(options),
    ...(tuning && { tuning, onMiss: (node: string) => misses.push(node) }),
    onProgress: preparing.update,
  };
  const segmenter = await naming(scan.name, createSegmenter(gpu, file, sizes)).finally(() => preparing.stop());
  if (misses.length > 0) session.note(`${options.tuning}: does not know ${misses.length} layers, e.g. ${misses[0]}`);
  const prepared = performance.now();
  const segmenting = session.progress("segmenting slices");
  try {
    const maps = await segmenter.segment(scan.slices, { onProgress: segmenting.update });
    return { maps, prepareMs: prepared - started, segmentMs: performance.now() - prepared };
  } finally {
    segmenting.stop();
    await segmenter.dispose();
  }
}

/** `scan.nii.gz` becomes `scan-mask.nii.gz` in the current folder. */
function defaultMaskName(image: string): string {
  const name = basename(image).replace(/\.(nii\.gz|nii|png|gz)$/i, "");
  return `${name}-mask${isPng(image) ? ".png" : ".nii.gz"}`;
}

function classNumbers({ options }: ModelFile): string[] {
  const classes = "classes" in options ? Number(options.classes) : 2;
  return Array.from({ length: classes }, (_, n) => (n === 0 ? "background" : `class ${n}`));
}
