// The public API, safe for the browser. Node adds `openGpu` on native GPUs in "atrous/node".
export {
  AtrousError,
  DeviceError,
  type DeviceErrorKind,
  FormatError,
  type ImportedNode,
  ShapeError,
  UnsupportedError,
  UsageError,
} from "./errors.ts";
export {
  extractSlice,
  insertSlice,
  type NiftiVolume,
  readNifti,
  type StoredVoxels,
  sliceAxes,
  voxelValues,
  writeNifti,
} from "./formats/nifti/index.ts";
export {
  type ImportedLayer,
  type ImportedModel,
  type ImportOptions,
  importOnnx,
  isOnnx,
} from "./formats/onnx/index.ts";
export { type GreyImage, readLabelPng, readPng, writeLabelPng, writePng } from "./formats/png/index.ts";
export { openPytorch } from "./formats/pytorch/index.ts";
export {
  openSafetensors,
  readSafetensors,
  type SafetensorsFile,
  type TensorToWrite,
  writeSafetensors,
} from "./formats/safetensors/index.ts";
export { type ByteSource, type Origin, readAll } from "./formats/source/source.ts";
export type { TensorEntry, TensorFile } from "./formats/tensor-file.ts";
export { openGpu } from "./gpu/browser.ts";
export { type Diagnosis, diagnose } from "./gpu/doctor.ts";
export { type AdapterDescription, Gpu, type OpenOptions } from "./gpu/gpu.ts";
export { type ApplyOptions, type BuildOptions, type DrawSource, GraphBuilder } from "./graph/ir/builder.ts";
export { gradientGraph } from "./graph/ir/gradient-graph.ts";
export type { Graph, Node, Value } from "./graph/ir/graph.ts";
export type { Precision } from "./graph/passes/optimize.ts";
export type { BufferTensor, RunInputs, RunTargets } from "./graph/run/check-tensors.ts";
export { type CompileOptions, compile } from "./graph/run/compile.ts";
export type {
  CompiledGraph,
  MemoryReport,
  RunOptions,
  StartupReport,
} from "./graph/run/compiled-graph.ts";
export { type FindOptions, findNonFinite } from "./graph/run/non-finite.ts";
export type { GraphProfile, NodeProfile, ProfileOptions } from "./graph/run/profile.ts";
export { readStoredTuning, storeTuning } from "./graph/tune/database.ts";
export { type CandidateReport, type TuneOptions, tune } from "./graph/tune/tune.ts";
export { parseTuning, type Tuning, type TuningEntry } from "./graph/tune/tuning.ts";
export { resnet18 } from "./models/encoders/resnet.ts";
export type { HeadOptions } from "./models/heads.ts";
export { type GraphReport, inspectGraph } from "./models/inspect.ts";
export { type LoadOptions, loadModel, Model } from "./models/load.ts";
export {
  buildModelGraph,
  type ModelFile,
  type ModelFileOptions,
  type ModelOutput,
  openModelFile,
  unusedTensors,
} from "./models/model-file.ts";
export type { Heads, ImageSize, Network, NetworkOptions } from "./models/network.ts";
export * from "./models/networks/index.ts";
export type { Normalization, Preprocess } from "./models/preprocess.ts";
export { networks } from "./models/registry.ts";
export { type Weights, weightsFor } from "./models/weights.ts";
export { type WriteModelOptions, writeModelFile } from "./models/write-model-file.ts";
export * from "./ops/index.ts";
export {
  type EngineModel,
  labelOf,
  type ParityOptions,
  type ParityReport,
  type ParityRow,
  type ReferenceEngine,
  type ReferenceTensor,
  runParity,
  toJUnit,
} from "./parity/index.ts";
export type { SliceSize } from "./segment/resample.ts";
export { createSegmenter, type Segmenter, type SegmenterOptions } from "./segment/segmenter.ts";
export type { SliceList } from "./slice-list.ts";
export { type DType, formatShape, type Shape, type Tensor, type TensorData, type TensorType } from "./tensor.ts";
export { DivergedError } from "./train/loop/loss-scale.ts";
export { type AdamOptions, adam, adamW, type Optimizer, type SgdOptions, sgd } from "./train/loop/optimizers.ts";
export type { TrainState } from "./train/loop/train-state.ts";
export {
  compileTrainStep,
  type ParameterGroup,
  type StepResult,
  TrainStep,
  type TrainStepOptions,
} from "./train/loop/train-step.ts";
export {
  type BceWithLogitsLossOptions,
  bceWithLogitsLoss,
  type CrossEntropyLossOptions,
  crossEntropyLoss,
  type DiceLossOptions,
  deepSupervision,
  diceLoss,
  type FocalLossOptions,
  focalLoss,
  type HybridLossOptions,
  hybridLoss,
  type Loss,
  type PartialLabelLossOptions,
  partialLabelLoss,
  type Reduction,
  type SizeAdaptiveLossOptions,
  sizeAdaptiveLoss,
  type WeightedLoss,
  weightedSum,
} from "./train/losses/index.ts";
