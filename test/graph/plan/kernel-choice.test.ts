// Which kernel or decomposition an untuned device gets: the table in kernel-choice.txt. `npx vitest run test/graph/plan/kernel-choice.test.ts -u`
// writes it anew.
import { expect, test } from "vitest";
import { gradientCases } from "../../../bench/gradients.ts";
import { kernelZoo } from "../../../bench/zoo.ts";
import { GraphBuilder } from "../../../src/graph/ir/builder.ts";
import type { Graph } from "../../../src/graph/ir/graph.ts";
import { decompose } from "../../../src/graph/passes/decompose.ts";
import { choose, isKernel } from "../../../src/graph/plan/choose.ts";
import { lower, wholeCall } from "../../../src/graph/plan/lower.ts";
import { defaultTraits } from "../../../src/models/inspect.ts";
import type { DeviceTraits, Operator } from "../../../src/ops/index.ts";
import * as ops from "../../../src/ops/index.ts";
import { classCounts } from "../../../src/ops/loss/class-counts.ts";
import { classOverlap } from "../../../src/ops/loss/class-overlap.ts";
import { crossEntropy } from "../../../src/ops/loss/cross-entropy.ts";
import { batchNormTraining } from "../../../src/ops/norm/batch-norm-training.ts";
import type { DType, Shape } from "../../../src/tensor.ts";

/** WebGPU's default limits, and software drivers: Lavapipe has subgroups of 8 lanes, SwiftShader none. */
const devices: readonly (readonly [string, DeviceTraits])[] = [
  ["hardware", defaultTraits],
  ["software, subgroups of 8", { ...software(), subgroupSize: 8 }],
  ["software", software()],
];

function software(): DeviceTraits {
  return { ...defaultTraits, kind: "software", maxWorkgroupInvocations: 1024, maxWorkgroupStorageBytes: 32768 };
}

type Row = readonly [operator: Operator<object, never>, given: object, ...inputs: readonly (Shape | "labels")[]];

/** What is no convolution: images of encoders and decoders, rows of transformers, volumes. */
const others: readonly Row[] = [
  [ops.maxPool2d, { kernel: 3, stride: 2, padding: 1 }, [1, 64, 112, 112]],
  [ops.maxPool3d, { kernel: 2 }, [1, 16, 32, 64, 64]],
  [ops.averagePool2d, { kernel: 2 }, [1, 128, 64, 64]],
  [ops.adaptiveAveragePool2d, { outputSize: 1 }, [1, 512, 7, 7]],
  [ops.adaptiveAveragePool2d, { outputSize: 6 }, [1, 512, 64, 64]],
  [ops.batchNorm, {}, [1, 64, 64, 64], [64], [64], [64], [64]],
  [batchNormTraining, {}, [4, 16, 80, 80], [16], [16]],
  [ops.layerNorm, { axes: 1 }, [1, 4096, 64], [64], [64]],
  [ops.layerNorm, { axes: 1 }, [1, 196, 768], [768], [768]],
  [ops.groupNorm, { groups: 8 }, [1, 64, 64, 64], [64], [64]],
  [ops.groupNorm, { groups: 8 }, [1, 64, 256, 256], [64], [64]],
  [ops.instanceNorm, {}, [1, 32, 16, 16]],
  [ops.instanceNorm, {}, [1, 32, 32, 64, 64]],
  [ops.softmax, { axis: 1 }, [1, 21, 64, 64]],
  [ops.softmax, { axis: -1 }, [8, 196, 196]],
  [ops.sum, { axes: [2, 3] }, [1, 64, 128, 128]],
  [ops.sum, { axes: [1] }, [1, 256, 64, 64]],
  [ops.sum, { axes: [0, 1, 2, 3] }, [4, 2, 160, 160]],
  [ops.mean, { axes: [2, 3] }, [4, 512, 7, 7]],
  [ops.amax, { axes: [-1] }, [8, 64, 49]],
  [ops.argmax, { axis: 1 }, [1, 21, 256, 256]],
  [ops.matmul, {}, [1, 196, 768], [768, 768]],
  [ops.matmul, {}, [12, 196, 64], [12, 64, 196]],
  [ops.matmul, {}, [1, 7], [7, 5]],
  [ops.linear, {}, [1, 4096, 64], [256, 64], [256]],
  [ops.linear, {}, [1, 512], [1000, 512], [1000]],
  [ops.resize2d, { size: [128, 128], mode: "bilinear" }, [1, 64, 64, 64]],
  [ops.resize2d, { size: [128, 128], mode: "nearest" }, [1, 64, 64, 64]],
  [ops.resize3d, { size: [32, 64, 64], mode: "trilinear" }, [1, 16, 16, 32, 32]],
  [ops.concat, {}, [1, 64, 64, 64], [1, 32, 64, 64]],
  [ops.transpose, { permutation: [0, 2, 3, 1] }, [1, 64, 32, 32]],
  [ops.pad, { begin: [0, 0, 1, 1], end: [0, 0, 1, 1] }, [1, 64, 32, 32]],
  [ops.relu, {}, [1, 64, 64, 64]],
  [ops.add, {}, [1, 64, 64, 64], [64, 1, 1]],
  [crossEntropy, {}, [4, 2, 160, 160], "labels"],
  [classOverlap, {}, [4, 2, 160, 160], "labels"],
  [classCounts, { classes: 4 }, "labels"],
];

test("untuned devices get the kernels of the table", async () => {
  const convolutions = kernelZoo().map(({ name, graph }) => ({ name, graph }));
  const gradients = gradientCases().map(({ name, graph }) => ({ name, graph }));
  const sections = { Convolutions: convolutions, Gradients: gradients, Others: others.map(graphOf) };
  const cells = Object.entries(sections).flatMap(([title, rows]) => [
    [title, ...devices.map(([device]) => device)],
    ...rows.map(({ name, graph }) => [name, ...devices.map(([, traits]) => kernelsOf(graph, traits))]),
    [],
  ]);
  await expect(aligned(cells)).toMatchFileSnapshot("kernel-choice.txt");
});

function graphOf([operator, given, ...inputs]: Row): { name: string; graph: Graph } {
  const b = new GraphBuilder();
  const values = inputs.map((input, i) => {
    const [shape, dtype]: [Shape, DType] = input === "labels" ? [[4, 160, 160], "u32"] : [input, "f32"];
    return b.input(`x${i}`, shape, dtype);
  });
  b.output("y", b.apply(operator as Operator, values, given));
  const sizes = values.map(({ type }) => type.shape.join("x"));
  const text = JSON.stringify(given).replaceAll('"', "");
  return { name: [operator.name, ...sizes, text === "{}" ? "" : text].join(" ").trim(), graph: b.build() };
}

/** What computes each node in every run; of a decomposition its name, then its parts. */
function kernelsOf(graph: Graph, traits: DeviceTraits): string {
  const nodes = graph.nodes.map((node) => {
    const chosen = choose(node, wholeCall(node), traits);
    if (isKernel(chosen)) return chosen.name;
    const parts = decompose({ ...graph, nodes: [node], outputs: new Map([["y", node.outputs[0]!]]) }, traits);
    const { run } = lower(parts, traits);
    return `${chosen.name} (${run.steps.map(({ kernel }) => kernel.name).join(", ")})`;
  });
  return nodes.join("; ");
}

/** Columns under each other, two blanks apart. */
function aligned(rows: readonly (readonly string[])[]): string {
  const widths = devices.map((_, column) => Math.max(...rows.map((row) => row[column]?.length ?? 0)));
  return rows
    .map((row) =>
      row
        .map((cell, column) => cell.padEnd(widths[column] ?? 0))
        .join("  ")
        .trimEnd(),
    )
    .join("\n");
}
