// The engine without networks and file formats: what an application with its own graphs bundles.
export { openGpu } from "../../src/gpu/browser.ts";
export { Gpu } from "../../src/gpu/gpu.ts";
export { GraphBuilder } from "../../src/graph/ir/builder.ts";
export { compile } from "../../src/graph/run/compile.ts";
export * from "../../src/ops/index.ts";
