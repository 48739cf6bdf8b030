// The key `weights` of a configuration: what a training starts from.
import * as z from "zod";
import { expression, keys, list, text } from "./keys.ts";

const renameSchema = keys({
  match: expression().describe("Regular expression: the first part of a tensor's name that it finds is replaced."),
  to: z.string({ error: "text" }).describe("What it is replaced by; $1 stands for the first group."),
});

const fileSchema = keys({
  file: text("a path").describe("safetensors, or a checkpoint of PyTorch, relative to this file or absolute."),
  rename: list(renameSchema, "a list of replacements")
    .exactOptional()
    .describe(
      'How the file\'s names become those of the network, one after the other: {"match": "^", "to": "encoder."} puts a prefix before each. Default: not at all.',
    ),
});

export const startSchema = z.union([text("a path"), fileSchema], { error: "a path, or an object" });

/** With everything filled in. */
export interface StartConfig {
  readonly file: string;
  readonly rename: readonly { readonly match: string; readonly to: string }[];
}

/** The file and its replacements; undefined where everything begins at random. */
export function startOf({ weights }: { readonly weights?: z.output<typeof startSchema> | undefined }) {
  if (weights === undefined) return undefined;
  const given = typeof weights === "string" ? { file: weights } : weights;
  return { rename: [], ...given } satisfies StartConfig;
}
