// The networks that a configuration can name, with the options that each of them has.
import type * as z from "zod";
import type { Network } from "../../models/network.ts";
import { longestList, type NumberRange, type OptionRule } from "../../models/options.ts";
import { defaultNetwork, networks } from "../../models/registry.ts";
import { between, choice, flag, keys, kind, list, variants, whole } from "./keys.ts";

/** As a file gives it. */
export interface NetworkGiven {
  readonly name?: string | undefined;
  readonly classes: number;
  readonly [option: string]: unknown;
}

/** With every default filled in. */
export interface NetworkConfig extends NetworkGiven {
  readonly name: string;
}

const others = networks.filter((network) => network !== defaultNetwork);

/** One of the networks; the default one where none is named. */
export const networkSchema: z.ZodType<NetworkConfig, NetworkGiven> = variants(
  networks.map(({ name }) => name),
  [
    networkKeys(
      defaultNetwork,
      kind.byDefault(defaultNetwork.name).describe(`Which network. Default "${defaultNetwork.name}".`),
    ),
    ...others.map((network) => networkKeys(network, kind(network.name))),
  ],
  "name",
);

/** How many classes there are has no default: it follows from the data. */
function networkKeys<N extends z.ZodType<string>>({ rules: { classes, ...rules } }: Network, name: N) {
  return keys({
    name,
    classes: numberSchema(classes.range).describe(
      "Classes, background included. Default: 8, the paper's, where `network` is not given.",
    ),
    ...optionSchemas(rules),
  });
}

/** Which options there are is known at run time alone. */
function optionSchemas(rules: Readonly<Record<string, OptionRule>>): object {
  return Object.fromEntries(Object.entries(rules).map(([name, rule]) => [name, optionSchema(rule)]));
}

function optionSchema(rule: OptionRule): z.ZodType {
  const text = `${rule.text} Default ${JSON.stringify(rule.default)}.`;
  if (rule.words) return choice(rule.words).default(rule.default).describe(text);
  if (!rule.range) return flag().default(rule.default).describe(text);
  const { integer, from, to } = rule.range;
  const number = numberSchema(rule.range);
  if (typeof rule.default === "number") return number.default(rule.default).describe(text);
  const kindOfNumber = `${integer ? "a whole number" : "a number"} from ${from} to ${to}`;
  const expected = `a list of 1 to ${longestList}, each ${kindOfNumber}`;
  return list(number, expected)
    .max(longestList, { error: expected })
    .default([...rule.default])
    .describe(text);
}

function numberSchema({ integer, from, to }: NumberRange) {
  return integer ? whole(from, to) : between(from, to);
}
