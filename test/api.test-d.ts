// The types that users write against. Nothing runs: `npm run check` compiles this file, and a type that changed does not compile.
import { expectTypeOf, test } from "vitest";
import type {
  BufferTensor,
  CompiledGraph,
  CompileOptions,
  CrossEntropyLossOptions,
  Graph,
  GraphBuilder,
  ImportedModel,
  Loss,
  Model,
  NiftiVolume,
  OpenOptions,
  RunOptions,
  Shape,
  Tensor,
  TrainStep,
  TrainStepOptions,
  Value,
} from "../src/index.ts";
import * as atrous from "../src/index.ts";
import * as node from "../src/node.ts";
import * as training from "../src/train/index.ts";

type Origin = string | URL | Blob | Uint8Array | ArrayBuffer;

test("openGpu is called alike in Node and in browsers", () => {
  expectTypeOf(atrous.openGpu).toEqualTypeOf<(options?: OpenOptions) => Promise<atrous.Gpu>>();
  expectTypeOf(node.openGpu).toEqualTypeOf(atrous.openGpu);
  expectTypeOf<{ device: GPUDevice }>().toExtend<OpenOptions>();
  expectTypeOf<{ adapter: "hardware"; powerPreference: "low-power"; debug: true }>().toExtend<OpenOptions>();
  expectTypeOf<atrous.Gpu["dispose"]>().returns.toEqualTypeOf<Promise<void>>();
});

test("loadModel takes a path, a URL, a Blob or bytes, and gives a Model", () => {
  expectTypeOf(atrous.loadModel).parameter(0).toEqualTypeOf<atrous.Gpu>();
  expectTypeOf<Origin>().toExtend<Parameters<typeof atrous.loadModel>[1]>();
  expectTypeOf<{ shape: [1, 3, 512, 512]; precision: "f16"; outputs: ["logits"] }>().toExtend<atrous.LoadOptions>();
  expectTypeOf<atrous.LoadOptions>().not.toHaveProperty("parameter");
  expectTypeOf<{ network: "unet"; options: { classes: 1 } }>().toExtend<atrous.LoadOptions>();
  expectTypeOf(atrous.loadModel).returns.toEqualTypeOf<Promise<Model>>();
});

test("files of tensors are alike, whatever their format", () => {
  expectTypeOf(atrous.openPytorch).returns.toEqualTypeOf<Promise<atrous.TensorFile>>();
  expectTypeOf<atrous.SafetensorsFile>().toExtend<atrous.TensorFile>();
  expectTypeOf<atrous.ModelFile["weights"]>().toEqualTypeOf<atrous.TensorFile>();
  expectTypeOf(atrous.writeModelFile).returns.toEqualTypeOf<Promise<Uint8Array>>();
  expectTypeOf(atrous.unusedTensors).returns.toEqualTypeOf<string[]>();
});

test("Model.run takes arrays and buffers by name, and gives tensors by name", () => {
  type Inputs = Readonly<Record<string, Tensor | BufferTensor>>;
  expectTypeOf<Model["run"]>().toEqualTypeOf<
    (inputs: Inputs, options?: RunOptions) => Promise<Record<string, Tensor>>
  >();
  expectTypeOf<Model["dispose"]>().toEqualTypeOf<() => Promise<void>>();
  expectTypeOf<Model["restore"]>().toEqualTypeOf<(device: GPUDevice) => Promise<void>>();
  expectTypeOf<atrous.Gpu["restore"]>().toEqualTypeOf<(device: GPUDevice) => void>();
  expectTypeOf<atrous.Gpu["reopen"]>().toEqualTypeOf<() => Promise<void>>();
  expectTypeOf<atrous.Gpu["lost"]>().toEqualTypeOf<Promise<atrous.DeviceError>>();
  expectTypeOf<Tensor["shape"]>().toEqualTypeOf<Shape>();
  expectTypeOf<Tensor["data"]>().toEqualTypeOf<Float32Array | Int32Array | Uint32Array | Uint16Array>();
  expectTypeOf<RunOptions["into"]>().toEqualTypeOf<Readonly<Record<string, GPUBuffer | Tensor["data"]>> | undefined>();
});

test("GraphBuilder appends operators with attributes of their own", () => {
  type Build = GraphBuilder;
  expectTypeOf<Build["input"]>().toEqualTypeOf<(name: string, shape: Shape, dtype?: atrous.DType) => Value>();
  expectTypeOf<Build["parameter"]>().toEqualTypeOf<
    (name: string, shape: Shape, initial?: atrous.InitialValue) => Value
  >();
  expectTypeOf<Build["output"]>().toEqualTypeOf<(name: string, value: Value) => void>();
  expectTypeOf<Build["build"]>().toEqualTypeOf<() => Graph>();
  expectTypeOf<Build["gradients"]>().returns.toEqualTypeOf<readonly Value[]>();
  const convolve = (b: Build, x: Value) => b.apply(atrous.conv2d, [x, x], { padding: 1 });
  expectTypeOf(convolve).returns.toEqualTypeOf<Value>();
  // @ts-expect-error An attribute that the operator does not have.
  expectTypeOf((b: Build, x: Value) => b.apply(atrous.conv2d, [x, x], { paddings: 1 })).toBeFunction();
});

test("compile and compileTrainStep take a graph and say where parameters come from", () => {
  type Compile = (gpu: atrous.Gpu, graph: Graph, options: CompileOptions) => Promise<CompiledGraph>;
  expectTypeOf(atrous.compile).toEqualTypeOf<Compile>();
  expectTypeOf<CompileOptions["parameter"]>().toEqualTypeOf<(name: string) => Promise<Tensor["data"]>>();
  expectTypeOf<CompiledGraph["run"]>().toEqualTypeOf<Model["run"]>();
  type CompileStep = (gpu: atrous.Gpu, graph: Graph, options: TrainStepOptions) => Promise<TrainStep>;
  expectTypeOf(atrous.compileTrainStep).toEqualTypeOf<CompileStep>();
  expectTypeOf<TrainStep["run"]>().parameters.toEqualTypeOf<[inputs: Parameters<Model["run"]>[0], rate: number]>();
  expectTypeOf<TrainStep["run"]>().returns.resolves.toEqualTypeOf<atrous.StepResult>();
  expectTypeOf(atrous.sgd).returns.toEqualTypeOf<atrous.Optimizer>();
  expectTypeOf(atrous.adamW).toEqualTypeOf(atrous.adam);
});

test("losses are built alike", () => {
  type CrossEntropy = (b: GraphBuilder, logits: Value, labels: Value, options?: CrossEntropyLossOptions) => Value;
  expectTypeOf(atrous.crossEntropyLoss).toEqualTypeOf<CrossEntropy>();
  type Losses = Pick<
    typeof atrous,
    | "bceWithLogitsLoss"
    | "crossEntropyLoss"
    | "diceLoss"
    | "focalLoss"
    | "hybridLoss"
    | "partialLabelLoss"
    | "sizeAdaptiveLoss"
  >;
  expectTypeOf<Losses[keyof Losses]>().toExtend<Loss>();
  expectTypeOf(atrous.deepSupervision).parameter(3).toEqualTypeOf<Loss>();
  expectTypeOf(atrous.weightedSum).returns.toEqualTypeOf<Value>();
});

test("files become tensors, volumes and graphs", () => {
  expectTypeOf(atrous.importOnnx).parameter(0).toEqualTypeOf<Parameters<typeof atrous.loadModel>[1]>();
  expectTypeOf(atrous.importOnnx).returns.toEqualTypeOf<Promise<ImportedModel>>();
  expectTypeOf(atrous.readNifti).parameter(0).toEqualTypeOf<Uint8Array | ArrayBuffer>();
  expectTypeOf(atrous.readNifti).returns.toEqualTypeOf<Promise<NiftiVolume>>();
  expectTypeOf<NiftiVolume["stored"]>().toExtend<ArrayLike<number> & ArrayBufferView<ArrayBuffer>>();
  expectTypeOf(atrous.voxelValues).toEqualTypeOf<(volume: atrous.StoredVoxels) => Float32Array<ArrayBuffer>>();
  expectTypeOf<NiftiVolume["spacingMm"]>().toEqualTypeOf<readonly [number, number, number]>();
});

test("train takes a parsed configuration and tells how it ended", () => {
  type Run = (gpu: atrous.Gpu, config: training.TrainConfig, options: training.TrainOptions) => Promise<Summary>;
  type Summary = training.TrainSummary;
  expectTypeOf(training.train).toEqualTypeOf<Run>();
  expectTypeOf(training.parseTrainConfig).returns.toEqualTypeOf<training.TrainConfig>();
  expectTypeOf<Summary["reason"]>().toEqualTypeOf<"finished" | "early-stopping" | "interrupted" | "failed">();
  expectTypeOf<{ data: { sources: []; size: [64, 64] } }>().toExtend<training.TrainConfigInput>();
  expectTypeOf<Extract<training.TrainRecord, { kind: "step" }>["loss"]>().toEqualTypeOf<number | null>();
});
