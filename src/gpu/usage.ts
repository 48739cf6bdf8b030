// The flags of the WebGPU specification that this engine uses. Browsers define them as globals, Dawn in Node does not, and a
// library adds no globals: hence these.

/** https://www.w3.org/TR/webgpu/#namespacedef-gpubufferusage */
export const BufferUsage = {
  MAP_READ: 0x0001,
  MAP_WRITE: 0x0002,
  COPY_SRC: 0x0004,
  COPY_DST: 0x0008,
  UNIFORM: 0x0040,
  STORAGE: 0x0080,
  INDIRECT: 0x0100,
  QUERY_RESOLVE: 0x0200,
} as const;

/** https://www.w3.org/TR/webgpu/#namespacedef-gpumapmode */
export const MapMode = { READ: 1, WRITE: 2 } as const;
