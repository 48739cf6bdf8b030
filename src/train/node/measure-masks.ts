// The statistics of masks over the files of a training set, which are read once for that.
import { UsageError } from "../../errors.ts";
import type { DatasetRecipe } from "../data/file-dataset.ts";
import { inspectScan, readScan } from "../data/scan.ts";
import { type MaskMoments, maskMoments, pooled, statisticsOf } from "../data/statistics.ts";
import { ClassMap } from "../data/targets.ts";

/**
 * The recipe of a training set with the statistics of each of its files and of all of them, where its grey values are normalised
 * within masks; else the recipe itself. Throws UsageError where no pixel is of these classes or all are of one grey.
 */
export async function withStatistics(recipe: DatasetRecipe): Promise<DatasetRecipe> {
  const { normalize } = recipe.options;
  if (typeof normalize === "string" || !("within" in normalize)) return recipe;
  const maps = recipe.classes.map((ranges) => new ClassMap(ranges, recipe.targets));
  // Planes of one volume are files of their own.
  const known = new Map<string, MaskMoments>();
  for (const file of recipe.files) {
    if (known.has(file.image)) continue;
    const { slices } = await inspectScan(file);
    const options = {
      classes: normalize.within,
      classMap: maps[file.source]!,
      targets: recipe.targets,
      labels: file.labels,
    };
    known.set(file.image, maskMoments(await readScan(file), slices, options));
  }
  const statistics = statisticsOf([...known.values()].reduce(pooled, { count: 0, mean: 0, squares: 0 }));
  if (!statistics) {
    const got = `got [${normalize.within}], of which the training images have no two pixels of different greys`;
    throw new UsageError(`data.normalize.within: ${got}`);
  }
  const files = recipe.files.map((file) => {
    const own = statisticsOf(known.get(file.image)!);
    return own ? { ...file, statistics: own } : file;
  });
  return { ...recipe, files, statistics };
}
