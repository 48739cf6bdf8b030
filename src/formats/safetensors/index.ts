export { type CheckEntriesOptions, checkEntries } from "./check-entries.ts";
export type { SafetensorsDType } from "./dtype.ts";
export {
  type LoadedTensor,
  openSafetensors,
  readSafetensors,
  SafetensorsFile,
} from "./file.ts";
export { type TensorToWrite, writeSafetensors } from "./write.ts";
