// The key `data` of a training's configuration: where images and labels are, and how they are prepared.
import * as z from "zod";
import { UsageError } from "../../errors.ts";
import { quoteValue } from "../../formats/quote.ts";
import { softTissueWindow } from "../../models/preprocess.ts";
import { ignoreIndex } from "../../segment/metrics.ts";
import { between, choice, flag, fraction, keys, list, orList, ownIssues, text, whole } from "../config/keys.ts";
import { augmentSchema, defaultAugmentation } from "./augment-options.ts";

const classIndex = () => whole(0, ignoreIndex - 1);

const expectedTarget = 'a class, a list of the classes that may be, or "ignore"';

const classesSchema = z
  .record(
    z.string().regex(/^\d{1,5}(-\d{1,5})?$/),
    z.union([classIndex(), list(classIndex(), "classes"), z.literal("ignore")], { error: expectedTarget }),
    { error: (issue) => (issue.code === "invalid_key" ? 'a label as "3", or several as "1-5"' : "an object") },
  )
  .describe(
    'Class of each label in the files: {"0": 0, "1-5": 1}. [0, 2] says that the pixel is of class 0 or 2, "ignore" that it counts nowhere.',
  );

const axes = ["sagittal", "coronal", "axial", "i", "j", "k"] as const;

/** What slices lie across: the anatomical axis, or an axis of the file. */
export type SliceAxis = (typeof axes)[number];

const expectedAxes = `${orList(axes)}, or a list of them`;

function areDifferent(values: readonly string[]): boolean {
  return new Set(values).size === values.length;
}

const volumeSchema = keys({
  axis: z
    .union([choice(axes), list(choice(axes), expectedAxes).refine(areDifferent, { error: "each axis once" })], {
      error: expectedAxes,
    })
    .default("sagittal")
    .describe(
      'What slices lie across, or a list: ["sagittal", "coronal", "axial"] takes the slices of all three planes, each of which is read by itself. Default "sagittal".',
    ),
  every: whole(1, 10_000).default(1).describe("Takes every n-th slice. Default 1."),
  labelled: flag().default(false).describe("Takes only slices with a label other than 0. Default false."),
}).describe("How NIfTI volumes are sliced.");

const sourceSchema = keys({
  folder: text("a path").default(".").describe("Where the patterns look. Default: where this file is."),
  images: text("a pattern")
    .optional()
    .describe(
      "PNG or NIfTI files in the folder: * stands for any part of a name, ** for any folders, as VB1/*_img.png. What another image has for labels is none.",
    ),
  labels: text("a pattern")
    .optional()
    .describe("Their masks: each * stands for what the same * of `images` stands for, as VB1/*_lab.png."),
  subject: text("a regular expression")
    .optional()
    .describe('Finds the subject in an image\'s path below the folder: its groups, joined, as "^(.*)_\\\\d+_img".'),
  manifest: text("a path")
    .optional()
    .describe(
      "Instead of patterns: a JSON list of objects or a CSV file, with image, labels and subject; paths relative to it.",
    ),
  classes: classesSchema,
  spacingMm: between(0.01, 100).optional().describe("Pixel size of PNG files, which state none. Default 1."),
  volume: volumeSchema.optional(),
}).superRefine((source, context) => {
  const patterns = ["images", "labels", "subject"] as const;
  for (const key of source.manifest === undefined ? patterns : []) {
    if (source[key] === undefined) issue(context, [key], undefined, "a value, or a manifest instead");
  }
  for (const key of source.manifest === undefined ? [] : patterns) {
    if (source[key] !== undefined) issue(context, [key], source[key], "nothing beside a manifest");
  }
  if (source.images !== undefined && source.labels === source.images) {
    issue(context, ["labels"], source.labels, "another pattern than images");
  }
  if (source.subject !== undefined) requireGroups(source.subject, context);
});

const patternList = () => z.array(text("a subject"), { error: "a list of subjects, * for any part" });

const splitSchema = keys({
  validation: z
    .union([fraction(), patternList()], { error: "a share from 0 to below 1, or a list of subjects" })
    .optional()
    .describe("Share of the subjects, or their names, * for any part. Default 0.2 where no file is named."),
  seed: whole(0, 2 ** 32 - 1)
    .optional()
    .describe("Draws the subjects of a share. Default 0."),
  train: patternList().optional().describe("Names of subjects. Default: all that are in no other list."),
  test: patternList().optional().describe("Names of subjects that are left out."),
  file: text("a path")
    .optional()
    .describe("A JSON object with the lists train, val or validation, and test, of names."),
}).superRefine(({ validation, ...rest }, context) => {
  const isShare = rest.file === undefined && !Array.isArray(validation);
  if (!isShare && rest.seed !== undefined) issue(context, ["seed"], rest.seed, "a seed beside a share only");
  if (isShare && rest.train !== undefined) issue(context, ["validation"], validation, "a list beside the list train");
  if (rest.file === undefined) return;
  for (const [key, value] of Object.entries({ validation, train: rest.train, test: rest.test })) {
    if (value !== undefined) issue(context, [key], value, "nothing beside a file");
  }
});

const expectedNormalization =
  '"z-score", "min-max", "window", {"percentile": [low, high]}, {"window": [low, high]} or {"within": [class, ...]}';

const percentiles = z
  .tuple([between(0, 100), between(0, 100)])
  .refine(([low, high]) => low < high, { error: "the lower percentile first" })
  .describe("What becomes 0 and 1, in per cent of the pixels.");

const windowSchema = z
  .tuple([z.number(), z.number()])
  .refine(([low, high]) => low < high, { error: "the lower value first" })
  .describe("What becomes 0 and 1, in the file's values, as Hounsfield units. Default of the word: [-200, 200].");

const withinSchema = list(classIndex(), "a list of classes").describe(
  "Classes whose pixels mean and deviation are taken of.",
);

export const dataSchema = keys({
  sources: list(sourceSchema, "a list of sources").describe("Where images and labels are."),
  split: splitSchema.prefault({}).describe("Which subjects validate; slices of one subject are never in both parts."),
  size: z
    .tuple([whole(1, 8192), whole(1, 8192)], { error: "[height, width]" })
    .describe("Height and width of the images that the network sees."),
  fit: choice(["spacing", "pad", "stretch"])
    .default("spacing")
    .describe(
      'How slices come to that size. "spacing", as `atrous segment` does: to pixels of one size in mm, then padded at the bottom and right, or cut to the middle. "pad": the same with the pixels that they have. "stretch": whole, whatever their shape. Default "spacing".',
    ),
  spacingMm: between(0.01, 100).optional().describe('Pixel size for fit "spacing". Default 1.'),
  normalize: z
    .union(
      [
        z.enum(["z-score", "min-max"]),
        z.literal("window").transform(() => ({ window: [...softTissueWindow] as [number, number] })),
        z.strictObject({ percentile: percentiles }),
        z.strictObject({ window: windowSchema }),
        z.strictObject({ within: withinSchema }),
      ],
      { error: expectedNormalization },
    )
    .default("z-score")
    .describe(
      'Grey values of each slice: "z-score", "min-max", or {"percentile": [1, 99]}; "window", or {"window": [-200, 200]}, of Hounsfield units. {"within": [1, 2]}: z-scores by mean and deviation (divisor n - 1) of these classes\' pixels, in training those of the same file, else those of all training files. Default "z-score".',
    ),
  outside: z
    .union([classIndex(), z.literal("ignore")], { error: 'a class or "ignore"' })
    .default(0)
    .describe("Class of pixels that lie outside of the slice, where the image is 0. Default 0."),
  augment: augmentSchema
    .prefault(defaultAugmentation)
    .describe(
      "Random changes of the training images; {} for none. Default: crop, contrast, brightness, rotation and flip.",
    ),
  cacheMiB: whole(1, 1 << 20)
    .default(256)
    .describe("Decoded files that each thread keeps. Default 256."),
}).superRefine(({ fit, spacingMm, sources }, context) => {
  if (fit !== "spacing") {
    const expected = `nothing beside fit "${fit}"`;
    if (spacingMm !== undefined) issue(context, ["spacingMm"], spacingMm, expected);
    sources.forEach((source, n) => {
      if (source.spacingMm !== undefined) issue(context, ["sources", n, "spacingMm"], source.spacingMm, expected);
    });
  }
});

/** As a configuration gives it. */
export type DataOptions = z.input<typeof dataSchema>;

/** With every default filled in. */
export type ResolvedDataOptions = z.output<typeof dataSchema>;

export type SourceOptions = ResolvedDataOptions["sources"][number];

/** What a label stands for: a class, one of several, or nothing that counts. */
export type ClassTarget = SourceOptions["classes"][string];

/** Fills in the defaults. Throws UsageError that names each wrong key, as `data.size: got 3, expected [height, width]`. */
export function parseDataOptions(given: DataOptions): ResolvedDataOptions {
  const parsed = dataSchema.safeParse(given, { reportInput: true });
  if (parsed.success) return parsed.data;
  throw new UsageError(ownIssues(parsed.error.issues).map(describeIssue).join("; "));
}

function describeIssue(found: z.core.$ZodIssue): string {
  const path = found.code === "unrecognized_keys" ? [...found.path, found.keys[0]!] : found.path;
  const where = path.map((key) => (typeof key === "number" ? `[${key}]` : `.${String(key)}`)).join("");
  if (found.code === "unrecognized_keys") return `data${where}: ${found.message}`;
  const got = found.input === undefined ? "nothing" : quoteValue(found.input);
  return `data${where}: got ${got}, expected ${found.message}`;
}

function issue(context: z.core.$RefinementCtx, path: PropertyKey[], input: unknown, expected: string): void {
  context.addIssue({ code: "custom", path, input, message: expected });
}

function requireGroups(subject: string, context: z.core.$RefinementCtx): void {
  try {
    // The empty alternative matches anything, with a slot for each group.
    const groups = new RegExp(`${subject}|`).exec("")!.length - 1;
    if (groups === 0) issue(context, ["subject"], subject, "a group that is the subject, in parentheses");
  } catch {
    issue(context, ["subject"], subject, "a regular expression");
  }
}
