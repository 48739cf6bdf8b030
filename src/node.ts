// What only Node has: native GPUs through Dawn, and files on disk.
export { openGpu } from "./gpu/node.ts";
export { fileSource } from "./formats/source-node.ts";
export { writeFileAtomic } from "./formats/output-node.ts";
