// What validation and evaluation need of a dataset.
export type { Dataset } from "./data/dataset.ts";
export type { Sample } from "./data/prepare.ts";
