// The layouts of public checkpoints, as data: names and shapes of their state_dicts at full width. What a network does not have is
// listed, what it lacks is an error, whatever the format.
//
//     u-net.txt        LeeJunHyun/Image_Segmentation, U_Net(img_ch=3, output_ch=1)
//     nested-unet.txt  4uiiurz1/pytorch-nested-unet, NestedUNet(num_classes=1, input_channels=3)
//     resnet18.txt     torchvision, resnet18()
import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { FormatError } from "../../src/errors.ts";
import { type TensorEntry, TensorFile } from "../../src/formats/tensor-file.ts";
import { GraphBuilder } from "../../src/graph/ir/builder.ts";
import { resnet18 } from "../../src/models/encoders/resnet.ts";
import { type ModelFile, requireParameters, unusedTensors } from "../../src/models/model-file.ts";
import { networks } from "../../src/models/registry.ts";
import { elementCount } from "../../src/tensor.ts";

/** A file of these tensors, without their numbers. */
class Layout extends TensorFile {
  readonly name: string;
  readonly metadata = {};
  readonly entries: ReadonlyMap<string, TensorEntry>;
  constructor(name: string, change: (lines: string[]) => string[] = (lines) => lines) {
    super();
    this.name = name;
    const lines = readFileSync(`test/models/layouts/${name}.txt`, "utf8").trim().split("\n");
    this.entries = new Map(
      change(lines).map((line) => {
        const at = line.indexOf(" ");
        const [tensor, shape] = [line.slice(0, at), JSON.parse(line.slice(at + 1))];
        return [tensor, { name: tensor, dtype: "F32", shape, byteLength: 4 * elementCount(shape) }];
      }),
    );
  }
  readRaw(): Promise<Uint8Array> {
    throw new Error("has no numbers");
  }
  async close() {}
}

function modelOf(weights: Layout, name: string, given: object): ModelFile {
  const network = networks.find((candidate) => candidate.name === name)!;
  const options = network.options(given, "test");
  return { name: weights.name, weights, network, options, labels: undefined, preprocess: undefined };
}

const isCounter = (name: string) => name.endsWith(".num_batches_tracked");

test.each([
  ["u-net", "unet", 34_527_041],
  ["nested-unet", "unet-plus-plus", 9_163_329],
])("%s has all that %s has, and counters of batches", (layout, network, parameters) => {
  const weights = new Layout(layout);
  const file = modelOf(weights, network, { classes: 1 });
  const used = requireParameters(file);
  const unused = unusedTensors(file);
  expect(unused).toEqual([...weights.entries.keys()].filter(isCounter));
  expect(used.size + unused.length).toBe(weights.entries.size);
  const trained = [...used].filter(([name]) => !/\.running_(mean|var)$/.test(name));
  expect(trained.reduce((sum, [, shape]) => sum + elementCount(shape), 0)).toBe(parameters);
});

test("resnet18 has all of the encoder, and a classifier beside it", () => {
  const b = new GraphBuilder();
  b.output("layer4", resnet18(b, b.input("image", [1, 3, 224, 224]), 1).layer4);
  const expected = b.build().parameters;
  const { entries } = new Layout("resnet18");
  for (const { name, type } of expected) expect(entries.get(name)?.shape, name).toEqual(type.shape);
  const left = [...entries.keys()].filter((name) => !expected.some((parameter) => parameter.name === name));
  expect(left.filter((name) => !isCounter(name))).toEqual(["fc.weight", "fc.bias"]);
  expect(left.length).toBe(22);
  expect(() => requireParameters(modelOf(new Layout("resnet18"), "msff-resnet18", {}))).toThrow(
    /^resnet18: does not fit the network: \d+ missing \("msff\./,
  );
});

test("what is missing or misshapen is an error, what is unused is listed", () => {
  const weights = new Layout("u-net", (lines) => [
    ...lines.filter((line) => !line.startsWith("Up5.up.1.weight ") && !isCounter(line.split(" ")[0]!)),
    "Conv6.weight [3]",
    "Conv_1x1.bias [7]",
  ]);
  const file = modelOf(weights, "unet", { classes: 1 });
  expect(unusedTensors(file)).toEqual(["Conv6.weight"]);
  expect(() => requireParameters(file)).toThrow(
    new FormatError(
      'u-net: does not fit the network: 1 missing ("Up5.up.1.weight"); 1 unexpected ("Conv6.weight"); 1 misshapen ("Conv_1x1.bias" got [7], expected [1])',
    ),
  );
});
