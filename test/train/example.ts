import * as atrous from "../../src/index.ts";

/** The Brier score: the mean of (p - t)^2, with t = 1 for a pixel's label and 0 for the other classes. */
function brierLoss(b: atrous.GraphBuilder, logits: atrous.Value, labels: atrous.Value): atrous.Value {
  const classes = Uint32Array.from({ length: logits.type.shape[1]! }, (_, label) => label);
  const isLabel = b.apply(
    atrous.equal,
    [labels, b.constant("class", { shape: [1, classes.length, 1, 1], data: classes })],
    {},
  );
  const p = b.apply(atrous.softmax, [logits], { axis: 1 });
  const one = b.constant("one", { shape: [], data: Float32Array.of(1) });
  const off = b.apply(atrous.where, [isLabel, b.apply(atrous.sub, [one, p], {}), p], {});
  return b.apply(atrous.mean, [b.apply(atrous.mul, [off, off], {})], {});
}

/** Trains on from a weights file: images are f32 [N, C, H, W], labels u32 [N, 1, H, W]. */
export async function openTraining(gpu: atrous.Gpu, path: string, shape: atrous.Shape) {
  const { network, options, weights } = await atrous.openModelFile(path);
  const b = new atrous.GraphBuilder();
  const image = b.input("image", shape);
  const labels = b.input("labels", [shape[0]!, 1, ...shape.slice(2)], "u32");
  b.output("loss", brierLoss(b, network.build(b, image, options).logits, labels));
  const parameter = (name: string) => weights.readF32(name);
  const step = await atrous.compileTrainStep(gpu, b.build(), { optimizer: atrous.sgd({ momentum: 0.9 }), parameter });
  const trainStep = async (inputs: atrous.Tensor, labels: atrous.Tensor) =>
    (await step.run({ image: inputs, labels }, 0.1)).loss;
  return { trainStep, step };
}
