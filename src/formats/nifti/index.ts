export { type Affine, determinant } from "./affine.ts";
export { type GridPlan, type NamedGeometry, planGrid, reorder } from "./grid.ts";
export { type NiftiReadOptions, type NiftiVolume, niftiStartBytes, readNifti, readNiftiGeometry } from "./read.ts";
export {
  extractSlice,
  type Heading,
  insertSlice,
  type Slice,
  type SliceAxes,
  type SlicedGeometry,
  sliceAxes,
} from "./slice.ts";
export { type Geometry, type NiftiOutput, writeNifti } from "./write.ts";
