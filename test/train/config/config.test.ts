// Configuration files: the paper's defaults, and errors that name the key.
import { expect, test } from "vitest";
import * as z from "zod";
import { FormatError } from "../../../src/errors.ts";
import { networks } from "../../../src/models/registry.ts";
import { networkOf, parseTrainConfig, trainConfigSchema } from "../../../src/train/config/config.ts";
import { nearest, orList } from "../../../src/train/config/keys.ts";
import { type LossConfig, lossKinds } from "../../../src/train/config/losses.ts";
import type { LossKind, LossTerm } from "../../../src/train/losses/index.ts";

import { data } from "./config.ts";

const networkNames = networks.map(({ name }) => name);
const parse = (json: unknown) => parseTrainConfig(json, "CONFIG.json");

test("the defaults are the paper's training", () => {
  const config = parseTrainConfig({ data }, "runs/paper.json");
  expect(config).toMatchObject({
    network: { name: "msff-resnet18", classes: 8, width: 1, inChannels: 3, rates: [1, 3, 5], pools: [2, 3, 4, 5] },
    losses: [{ kind: "size-adaptive", alpha: 1, shares: "batch", weight: 1, ignoreIndex: 255 }],
    optimizer: { kind: "sgd", rate: 1e-3, momentum: 0.9, nesterov: false, weightDecay: 0, groups: [] },
    schedule: { kind: "step", milestones: [80], factor: 0.1, warmupSteps: 0 },
    classNames: ["background", "class 1", "class 2", "class 3", "class 4", "class 5", "class 6", "class 7"],
    epochs: 100,
    batch: 4,
    seed: 0,
    precision: "f32",
    recompute: "none",
    validation: { every: 1 },
    output: "paper",
  });
  expect(config.earlyStopping).toBeUndefined();
  expect(config.weights).toBeUndefined();
});

test("schedules know their length", () => {
  expect(parse({ data, epochs: 10 }).schedule).toMatchObject({ milestones: [8] });
  expect(parse({ data, epochs: 30, schedule: { kind: "cosine" } }).schedule).toMatchObject({ epochs: 30 });
  expect(parse({ data, schedule: { milestones: [1, 2] } }).schedule).toMatchObject({
    kind: "step",
    milestones: [1, 2],
  });
});

test("the network's options are its own", () => {
  const config = parse({ data, network: { classes: 3, width: 0.25, msff: false } });
  const { network, options } = networkOf(config);
  expect(network.name).toBe("msff-resnet18");
  expect(options).toMatchObject({ classes: 3, width: 0.25, msff: false, branchWidth: 64 });
  expect(options).not.toHaveProperty("name");
});

test("a kind may be left out where there is a default one", () => {
  expect(parse({ data, optimizer: { rate: 1 } }).optimizer).toMatchObject({ kind: "sgd", rate: 1 });
  expect(parse({ data, optimizer: { kind: "adam" } }).optimizer).toMatchObject({
    betas: [0.9, 0.999],
    epsilon: 1e-8,
  });
});

test.each<[unknown, string]>([
  [{ data, optimizer: { rate: "fast" } }, 'optimizer.rate: got "fast", expected a positive number'],
  [{ data, optimizer: { rate: 0 } }, "optimizer.rate: got 0, expected a positive number"],
  [{ data, optimizer: { rtae: 1 } }, "optimizer.rtae: unknown key, did you mean rate?"],
  [{ data, optimiser: {} }, "optimiser: unknown key, did you mean optimizer?"],
  [{ data, validation: { zzz: 1 } }, "validation.zzz: unknown key, expected one of every"],
  [
    { data, optimizer: { kind: "adam", momentum: 0.9 } },
    "optimizer.momentum: unknown key, expected one of kind, rate, ",
  ],
  [{ data, optimizer: { kind: "lion" } }, 'optimizer.kind: got "lion", expected "sgd", "adam" or "adamw"'],
  [{ data, optimizer: 3 }, "optimizer: got 3, expected an object"],
  [
    { data, optimizer: { groups: [{ match: "(" }] } },
    'optimizer.groups[0].match: got "(", expected a regular expression',
  ],
  [
    { data, optimizer: { groups: [{ match: "^(.+)+$" }] } },
    'optimizer.groups[0].match: got "^(.+)+$", expected a regular expression that repeats no group',
  ],
  [
    { data, optimizer: { kind: "adam", betas: [0.9] } },
    "optimizer.betas: got [0.9], expected two numbers from 0 to below 1",
  ],
  [
    { data, losses: [{ kind: "partial" }, { kind: "dice" }] },
    'losses: got [{"kind":"partial"},{"kind":"dice"}], expected the kind partial alone, since its labels are sets of classes',
  ],
  [
    { data, optimizer: { nesterov: true, momentum: 0 } },
    "optimizer.nesterov: got true, expected false, or a momentum above 0",
  ],
  [{ data, schedule: { every: 50, milestones: [80] } }, "schedule.milestones: got [80], expected nothing beside every"],
  [{ data, schedule: { kind: "inverse-time" } }, "schedule.decay: got nothing, expected a positive number"],
  [
    { data, schedule: { kind: "inverse-time", decay: 1e-4, per: "batch" } },
    'schedule.per: got "batch", expected "step" or "epoch"',
  ],
  [{ data, weights: 3 }, "weights: got 3, expected a path, or an object"],
  [{ data, weights: { file: "a", renmae: [] } }, "weights.renmae: unknown key, did you mean rename?"],
  [{ data, weights: { rename: [{ match: "^", to: "" }] } }, "weights.file: got nothing, expected a path"],
  [
    { data, weights: { file: "a", rename: [{ match: "(", to: "" }] } },
    'weights.rename[0].match: got "(", expected a regular expression',
  ],
  [
    { data, weights: { file: "a", rename: [{ match: "(a)*", to: "" }] } },
    'weights.rename[0].match: got "(a)*", expected a regular expression that repeats no group',
  ],
  [{ data: { ...data, size: 3 } }, "data.size: got 3, expected [height, width]"],
  [{ data: { ...data, sizes: 3 } }, "data.sizes: unknown key, did you mean size?"],
  [{ data, losses: [] }, "losses: got [], expected a list of losses"],
  [{ data, losses: [{ alpha: 1 }] }, 'losses[0].kind: got nothing, expected "cross-entropy", "size-adaptive", '],
  [{ data, losses: [{ kind: "dice", alpha: 1 }] }, "losses[0].alpha: unknown key, expected one of kind, weight, "],
  [
    { data, losses: [{ kind: "size-adaptive", shares: "all" }] },
    'losses[0].shares: got "all", expected "batch", "image" or a list of shares from 0 to 1, one for each class',
  ],
  [
    { data, losses: [{ kind: "size-adaptive", shares: [0.5, 0.5] }] },
    "losses[0].shares: got 2 numbers, expected 8, one for each class",
  ],
  [
    { data, network: { classes: 2 }, losses: [{ kind: "cross-entropy", classWeights: [1] }] },
    "losses[0].classWeights: got 1 numbers, expected 2, one for each class",
  ],
  [{ data, classNames: ["a", "b"] }, "classNames: got 2 names, expected 8, one for each class"],
  [{ data, epochs: 1.5 }, "epochs: got 1.5, expected a whole number from 1 to 1000000000"],
  [{ data, precision: "f64" }, 'precision: got "f64", expected "f32" or "f16"'],
  [{ data, recompute: "some" }, 'recompute: got "some", expected "none", "auto" or a number of bytes'],
  [{ data, recompute: -1 }, 'recompute: got -1, expected "none", "auto" or a number of bytes'],
  [{ data, network: { name: "u-net", classes: 2 } }, `network.name: got "u-net", expected ${orList(networkNames)}`],
  [{ data, network: { width: 1 } }, "network.classes: got nothing, expected a whole number from 1 to 4096"],
  [{ data, network: { classes: 2, widht: 1 } }, "network.widht: unknown key, did you mean width?"],
  [{ data, network: { classes: 2, width: 99 } }, "network.width: got 99, expected a number from 0.015625 to 16"],
  [{ data, network: { classes: 2, msff: 1 } }, "network.msff: got 1, expected true or false"],
  [
    { data, network: { classes: 2, pools: [] } },
    "network.pools: got [], expected a list of 1 to 64, each a whole number from 1 to 1024",
  ],
  [{ data, network: { classes: 2, rates: [1, 0] } }, "network.rates[1]: got 0, expected a whole number from 1 to 1024"],
  [{ data, earlyStopping: {} }, "earlyStopping.patience: got nothing, expected a whole number from 1"],
  [{}, "data: got nothing, expected an object"],
  [7, "got 7, expected an object"],
])("%j: %s", (json, message) => {
  expect(() => parse(json)).toThrow(FormatError);
  expect(() => parse(json)).toThrow(`CONFIG.json: ${message}`);
});

test("several mistakes stand in one message", () => {
  expect(() => parse({ data, epochs: 0, batch: "4", seed: -1 })).toThrow(
    /epochs: got 0, expected .*; batch: got "4", expected .*; seed: got -1, expected /,
  );
});

test("near words are suggested, far ones are not", () => {
  expect(nearest("weigth", ["weight", "output"])).toBe("weight");
  expect(nearest("Momentum", ["momentum"])).toBe("momentum");
  expect(nearest("gpu", ["rate", "output"])).toBeUndefined();
});

/** Options that only the configuration has, or only the loss. */
type DifferentOptions = {
  [K in LossKind]:
    | Exclude<keyof Extract<LossConfig, { kind: K }>, keyof Extract<LossTerm, { kind: K }>>
    | Exclude<keyof Extract<LossTerm, { kind: K }>, keyof Extract<LossConfig, { kind: K }>>;
}[LossKind];

test("losses have the options of what computes them, by the type checker", () => {
  const same: [DifferentOptions] extends [never] ? true : DifferentOptions = true;
  expect(same).toBe(true);
  expect(lossKinds).toHaveLength(7);
});

interface SchemaNode {
  readonly description?: string;
  readonly default?: unknown;
  readonly const?: unknown;
  readonly properties?: Readonly<Record<string, SchemaNode>>;
  readonly items?: SchemaNode;
  readonly oneOf?: readonly SchemaNode[];
}

/** Keys without a description, in all depths. */
function undescribed(node: SchemaNode, path = ""): string[] {
  const inner = Object.entries(node.properties ?? {}).flatMap(([name, property]) => {
    const where = `${path}.${name}`;
    const isTold = property.description !== undefined || property.const !== undefined;
    return [...(isTold ? [] : [where]), ...undescribed(property, where)];
  });
  const parts = [...(node.oneOf ?? []), ...(node.items ? [node.items] : [])];
  return [...inner, ...parts.flatMap((part, i) => undescribed(part, `${path}[${i}]`))];
}

test("the schema for editors describes every key", () => {
  const schema = trainConfigSchema() as SchemaNode & { required: string[] };
  expect(undescribed(schema)).toEqual([]);
  expect(schema.required).toEqual(["data"]);
  expect(schema.properties?.epochs).toMatchObject({ type: "integer", minimum: 1, default: 100 });
  expect(undescribed({ properties: { a: { properties: { b: {} }, description: "" } } })).toEqual([".a.b"]);
});

test("the schema for editors lists the options of each network, with their ranges and defaults", () => {
  const schema = trainConfigSchema() as SchemaNode;
  const listed = new Map(
    (schema.properties?.network?.oneOf ?? []).map(({ properties = {} }) => [properties.name?.const, properties]),
  );
  expect([...listed.keys()].sort()).toEqual([...networkNames].sort());
  for (const { name, rules } of networks) {
    expect(Object.keys(listed.get(name)!).sort()).toEqual(["name", ...Object.keys(rules)].sort());
  }
  expect(listed.get("msff-resnet18")).toMatchObject({
    classes: { type: "integer", minimum: 1, maximum: 4096 },
    width: { type: "number", minimum: 1 / 64, maximum: 16, default: 1 },
    pools: { type: "array", minItems: 1, maxItems: 64, items: { type: "integer", minimum: 1 }, default: [2, 3, 4, 5] },
    msff: { type: "boolean", default: true },
  });
});

test.each([
  [{ classes: 3, width: 0.5, msff: false, rates: [1, 2] }, true],
  [{ name: "msff-resnet18", classes: 3 }, true],
  [{ classes: 3, widht: 0.5 }, false],
  [{ classes: 3, width: 99 }, false],
  [{ classes: 3, branchWidth: 1.5 }, false],
  [{ classes: 3, pools: [] }, false],
  [{ classes: 3, pools: Array(65).fill(1) }, false],
  [{ classes: 3, rates: [1, 1025] }, false],
  [{ classes: 3, msff: "no" }, false],
  [{ width: 1 }, false],
  [{ name: "u-net", classes: 2 }, false],
])("an editor and a training agree on %j: %s", (network, fits) => {
  const editor = z.fromJSONSchema(trainConfigSchema() as z.core.JSONSchema.JSONSchema);
  expect(editor.safeParse({ data, network }).success).toBe(fits);
  const training = () => parse({ data, network });
  if (fits) expect(training).not.toThrow();
  else expect(training).toThrow(/^CONFIG\.json: network\.(widht|width|branchWidth|pools|rates|msff|classes|name)/);
});
