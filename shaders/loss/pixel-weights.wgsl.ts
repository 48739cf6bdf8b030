// y[n, i] = the weight of labels[n, i]: that of its class, or the mean of those it admits, of weights[n, ...]; 1 without weights.
// labels and y [N, ...]; weights [N, C]. One invocation per pixel.
import { labelWeight } from "../wgsl/labels.ts";
import { type PixelKernel, type PixelTemplate, pixelValueKernel } from "../wgsl/pixels.ts";

export function pixelWeightsKernel(t: PixelTemplate): PixelKernel {
  const value = `weight_of(label, ${t.weights ? "w_at" : "0u"})`;
  return pixelValueKernel({ value }, { spec: {}, reads: [], functions: labelWeight(t) });
}
