// The host's side of kernels of one invocation per pixel, and the operators that are made of two of them: losses of pixels.
import {
  type PixelKernel,
  type PixelLoss,
  type PixelTemplate,
  pixelLossGradientKernel,
  pixelLossKernel,
  pixelShader,
  pixelSpec,
} from "../../../shaders/wgsl/pixels.ts";
import type { Storage } from "../../../shaders/wgsl/storage.ts";
import { elementCount, type TensorType } from "../../tensor.ts";
import { operandBytes } from "../cost.ts";
import type { DeviceTraits } from "../device-traits.ts";
import type { AtLeast, Call, Dispatch, Kernel, Operand, Operator } from "../operator.ts";
import { params } from "../parameters.ts";
import { floatType, requireF32 } from "../walk/operands.ts";
import { flatGrid, type Strided, walk } from "../walk/strided.ts";
import { type LabelForm, pixelSizes, requireLabels, requireWeights } from "./labels.ts";

/** Along [N, pixels]: an operand [N, ...], or class 0 of one [N, C, ...]; neighbouring pixels of a class are neighbours. */
export function alongPixels({ view }: Operand): Strided {
  return { offset: view.offset, strides: [view.batchStride, 1] };
}

/** Along [N, pixels]: the beginning of an item of an operand [N, C]. */
export function alongItems({ view }: Operand): Strided {
  return { offset: view.offset, strides: [view.batchStride, 0] };
}

interface PixelRequest {
  readonly labels: Operand;
  readonly form?: LabelForm | undefined;
  readonly weights?: Operand | undefined;
  /** Of `Element`. */
  readonly storage: Storage;
  /** What is walked over, by the names that the kernel gives it; weights come by themselves. */
  readonly arrays: Readonly<Record<string, Strided>>;
  readonly kernel: (t: PixelTemplate) => PixelKernel;
  /** Of all of the kernel's parameters but the walk's. */
  readonly values: Readonly<Record<string, number>>;
  /** Inputs that the kernel reads. Default as many as it has bindings for, from the first on. */
  readonly reads?: readonly number[];
}

/** One invocation per pixel of labels [N, ...]. */
export function pixelDispatch(device: DeviceTraits, request: PixelRequest): Dispatch {
  const { labels, form = "index", weights, storage } = request;
  const arrays = { ...request.arrays, ...(weights && { w: alongItems(weights) }) };
  const { template, count, values } = walk<string>(pixelSizes(labels), arrays, { vectors: false });
  const pixels = { ...template, storage, labels: form, weights: weights !== undefined };
  const kernel = request.kernel(pixels);
  const { reads = [...kernel.reads, labels, ...(weights ? [weights] : [])].keys() } = request;
  return {
    code: pixelShader(pixels, kernel),
    bindings: [...Array.from(reads, (input) => ({ input })), { output: 0 }],
    params: params(pixelSpec(template, kernel.spec), { ...values, ...request.values }),
    workgroups: flatGrid(count, device),
  };
}

interface PixelLossAttributes {
  /** Default `index`. */
  readonly labels?: LabelForm;
  readonly ignoreIndex: number;
}

/** What tells one loss of pixels from another. */
interface PixelLossRecord<A, G> {
  readonly name: string;
  /** Fills in defaults. Throws ShapeError. */
  attributes(given: G): A;
  rule(t: PixelTemplate, attrs: A): PixelLoss;
  /** Of the rule's parameters, beside `class_stride`, and of `classes`. */
  values(attrs: A, channels: number): Readonly<Record<string, number>>;
}

/** What a kernel of a loss reads and writes. */
interface PixelOperands {
  /** Walked over, by the names that the kernel gives them. */
  readonly pixels: { readonly x: Operand; readonly labels: Operand } & Readonly<Record<string, Operand>>;
  readonly weights: Operand | undefined;
}

function lossKernel<A extends PixelLossAttributes, I extends number>(
  operator: string,
  { rule, values }: Pick<PixelLossRecord<A, object>, "rule" | "values">,
  shader: (loss: PixelLoss) => PixelKernel,
  operandsOf: (call: Call<A, I>) => PixelOperands,
): Kernel<A, I> {
  return {
    name: `${operator}/pixels`,
    applies: () => true,
    views: "all",
    dispatches(call, device) {
      const { attrs } = call;
      const { pixels, weights } = operandsOf(call);
      const { x, labels } = pixels;
      const [, channels = 1] = x.shape;
      const own = { ignore_index: attrs.ignoreIndex, class_stride: pixelSizes(labels)[1], ...values(attrs, channels) };
      return [
        pixelDispatch(device, {
          labels,
          form: attrs.labels,
          weights,
          storage: floatType(operator, [x]),
          arrays: Object.fromEntries(Object.entries(pixels).map(([name, operand]) => [name, alongPixels(operand)])),
          kernel: (t) => shader(rule(t, attrs)),
          values: own,
        }),
      ];
    },
  };
}

function requireOperands(
  operator: string,
  [x, labels, weights]: AtLeast<TensorType, 2>,
  { labels: form }: PixelLossAttributes,
): void {
  floatType(operator, [x]);
  requireLabels(operator, x, labels, form);
  requireWeights(operator, weights, x.shape.slice(0, 2));
}

/**
 * A loss of x [N, C, ...] with labels u32 [N, ...] and, optional, weights f32 [N, C] to f32 [N, ...]; and d(loss)/dx of g f32
 * [N, ...] and these, of x's shape and type. Weights are constants.
 */
export function createPixelLoss<A extends PixelLossAttributes, G extends object>(
  record: PixelLossRecord<A, G>,
): { readonly loss: Operator<A, G, 2>; readonly gradient: Operator<A, A, 3> } {
  const { name } = record;
  const gradientName = `${name}Gradient`;
  const gradient: Operator<A, A, 3> = {
    name: gradientName,
    attributes: (given) => given,
    shape([g, x, labels, ...weights], attrs) {
      requireF32(gradientName, [g], [0]);
      requireOperands(gradientName, [x, labels, ...weights], attrs);
      return [{ shape: x.shape, dtype: x.dtype }];
    },
    cost: (call) => ({ flop: 6 * elementCount(call.outputs[0].shape), bytes: operandBytes(call) }),
    fullInputs: [0, 3],
    kernels: [
      lossKernel(gradientName, record, pixelLossGradientKernel, (call) => {
        const [g, x, labels, weights] = call.inputs;
        return { pixels: { g, x, labels, gx: call.outputs[0] }, weights };
      }),
    ],
  };
  const loss: Operator<A, G, 2> = {
    name,
    attributes: (given) => record.attributes(given),
    shape(inputs, attrs) {
      requireOperands(name, inputs, attrs);
      return [{ shape: inputs[1].shape, dtype: "f32" }];
    },
    cost: (call) => ({ flop: 4 * elementCount(call.inputs[0].shape), bytes: operandBytes(call) }),
    fullInputs: [2],
    kernels: [
      lossKernel(name, record, pixelLossKernel, (call) => {
        const [x, labels, weights] = call.inputs;
        return { pixels: { x, labels, y: call.outputs[0] }, weights };
      }),
    ],
    gradient: ({ inputs, gy, attrs, apply }) => [apply(gradient, [gy, ...inputs], attrs)],
  };
  return { loss, gradient };
}
