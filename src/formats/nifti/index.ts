export { type Affine, determinant } from "./affine.ts";
export { type StoredVoxels, voxelValues } from "./convert.ts";
export type { Voxels } from "./datatype.ts";
export { type GridPlan, type NamedGeometry, planGrid, reorder } from "./grid.ts";
export { type NiftiReadOptions, type NiftiVolume, niftiStartBytes, readNifti, readNiftiGeometry } from "./read.ts";
export {
  extractSlice,
  type Heading,
  insertSlice,
  type Slice,
  type SliceAxes,
  type SlicedGeometry,
  type SlicedVolume,
  sliceAxes,
} from "./slice.ts";
export { type Geometry, type NiftiOutput, writeNifti } from "./write.ts";
