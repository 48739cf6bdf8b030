// What only Node has: native GPUs through Dawn, and files on disk.

export { fileSource } from "./formats/source/file.ts";
export { writeFileAtomic } from "./formats/write-file.ts";
export { openGpu } from "./gpu/node.ts";
export {
  encodeSheet,
  greyWindow,
  type LegendEntry,
  type Picture,
  type Sheet,
  type SheetTile,
  type Window,
} from "./overlay/index.ts";
export { missingPackage } from "./package.ts";
export { onnxRuntime } from "./parity/onnxruntime-node.ts";
