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
import { elementCount, type TensorType } from "../../tensor.ts";
import { operandBytes } from "../cost.ts";
import type { DeviceTraits } from "../device-traits.ts";
import type { AtLeast, Call, Dispatch, Operand, Operator } from "../operator.ts";
import { params } from "../parameters.ts";
import { floatType, requireF32, storageOf } from "../walk/operands.ts";
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
  /** The floats that are read: their type is that of `Element`. */
  readonly floats: Operand;
  /** What is walked over, by the names that the kernel gives it; weights come by themselves. */
  readonly arrays: Readonly<Record<string, Strided>>;
  readonly kernel: (t: PixelTemplate) => PixelKernel;
  /** Of all of the kernel's parameters but the walk's. */
  readonly values: Readonly<Record<string, number>>;
  /** Inputs that the kernel reads. Default all. */
  readonly reads?: readonly number[];
}

/** One invocation per pixel of labels [N, ...]. */
export function pixelDispatch(call: Call, device: DeviceTraits, request: PixelRequest): Dispatch {
  const { labels, form = "index", weights, floats, reads = [...call.inputs.keys()] } = request;
  const arrays = { ...request.arrays, ...(weights && { w: alongItems(weights) }) };
  const { template, count, values } = walk<string>(pixelSizes(labels), arrays, { vectors: false });
  const storage = storageOf({ ...call, inputs: [floats] });
  const pixels = { ...template, storage, labels: form, weights: weights !== undefined };
  const kernel = request.kernel(pixels);
  return {
    code: pixelShader(pixels, kernel),
    bindings: [...reads.map((input) => ({ input })), { output: 0 }],
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

/**
 * A loss of x [N, C, ...] with labels u32 [N, ...] and, optional, weights f32 [N, C] to f32 [N, ...]; and d(loss)/dx of g f32
 * [N, ...] and these, of x's shape and type. Weights are constants.
 */
export function createPixelLoss<A extends PixelLossAttributes, G extends object>(
  record: PixelLossRecord<A, G>,
): { readonly loss: Operator<A, G, 2>; readonly gradient: Operator<A, A, 3> } {
  const { name, rule } = record;
  const gradientName = `${name}Gradient`;
  function requireOperands(operator: string, [x, labels, weights]: AtLeast<TensorType, 2>, attrs: A): void {
    floatType(operator, [x]);
    requireLabels(operator, x, labels, attrs.labels);
    requireWeights(operator, weights, x.shape.slice(0, 2));
  }
  function dispatch(
    call: Call<A>,
    device: DeviceTraits,
    [x, labels, weights]: AtLeast<Operand, 2>,
    request: Pick<PixelRequest, "arrays" | "kernel">,
  ): Dispatch {
    const { attrs } = call;
    const [, channels = 1] = x.shape;
    const own = record.values(attrs, channels);
    const values = { ignore_index: attrs.ignoreIndex, class_stride: pixelSizes(labels)[1], ...own };
    return pixelDispatch(call, device, { ...request, labels, form: attrs.labels, weights, floats: x, values });
  }
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
      {
        name: `${gradientName}/pixels`,
        applies: () => true,
        views: "all",
        dispatches(call, device) {
          const [g, x, labels, ...weights] = call.inputs;
          const pixels = { g, x, labels, gx: call.outputs[0] };
          const kernel = (t: PixelTemplate) => pixelLossGradientKernel(rule(t, call.attrs));
          return [dispatch(call, device, [x, labels, ...weights], { arrays: allAlong(pixels), kernel })];
        },
      },
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
      {
        name: `${name}/pixels`,
        applies: () => true,
        views: "all",
        dispatches(call, device) {
          const [x, labels] = call.inputs;
          const pixels = { x, labels, y: call.outputs[0] };
          const kernel = (t: PixelTemplate) => pixelLossKernel(rule(t, call.attrs));
          return [dispatch(call, device, call.inputs, { arrays: allAlong(pixels), kernel })];
        },
      },
    ],
    gradient: ({ inputs, gy, attrs, apply }) => [apply(gradient, [gy, ...inputs], attrs)],
  };
  return { loss, gradient };
}

function allAlong(operands: Readonly<Record<string, Operand>>): Readonly<Record<string, Strided>> {
  return Object.fromEntries(Object.entries(operands).map(([name, operand]) => [name, alongPixels(operand)]));
}
