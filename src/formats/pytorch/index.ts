export { openPytorch } from "./load.ts";
