// Activations as operators of their own, for where no kernel's epilogue can take them.
import type { Activation, PlainKind } from "../../../shaders/wgsl/functions.ts";
import { ShapeError } from "../../errors.ts";
import type { Operator } from "../operator.ts";
import { requireFinite } from "../walk/operands.ts";
import { createActivation } from "./unary.ts";

/**
 * The larger of x and 0.
 * - x, output: [...]; NaN stays NaN.
 * Throws ShapeError unless x holds floats, as all activations do.
 * Source: https://pytorch.org/docs/stable/generated/torch.nn.ReLU.html
 */
export const relu = plain("relu", "relu");

export interface LeakyReluGiven {
  /** Factor of negative values. Default 0.01. */
  readonly slope?: number;
}

/**
 * x where it is at least 0, slope * x elsewhere.
 * - x, output: [...]; NaN stays NaN.
 * Throws ShapeError unless the slope is finite. Source: https://pytorch.org/docs/stable/generated/torch.nn.LeakyReLU.html
 */
export const leakyRelu = createActivation<Required<LeakyReluGiven>, LeakyReluGiven>("leakyRelu", {
  attributes: ({ slope = 0.01 }) => requireFinite("leakyRelu", { slope }),
  function: ({ slope }) => ({ kind: "leaky-relu", slope }),
});

/**
 * 1 / (1 + exp(-x)).
 * - x, output: [...]; NaN stays NaN, large values give 0 and 1.
 * Source: https://pytorch.org/docs/stable/generated/torch.nn.Sigmoid.html
 */
export const sigmoid = plain("sigmoid", "sigmoid");

/** The hyperbolic tangent. Source: https://pytorch.org/docs/stable/generated/torch.nn.Tanh.html */
export const tanh = plain("tanh", "tanh");

/** x * sigmoid(x); -Infinity gives NaN, as in PyTorch. Source: https://pytorch.org/docs/stable/generated/torch.nn.SiLU.html */
export const silu = plain("silu", "silu");

/** x * min(max(x + 3, 0), 6) / 6. Source: https://pytorch.org/docs/stable/generated/torch.nn.Hardswish.html */
export const hardSwish = plain("hardSwish", "hard-swish");

export interface EluGiven {
  /** Minus the limit for large negative values. Default 1. */
  readonly alpha?: number;
}

/**
 * x where it is above 0, alpha * (exp(x) - 1) elsewhere.
 * Throws ShapeError unless alpha is finite. Source: https://pytorch.org/docs/stable/generated/torch.nn.ELU.html
 */
export const elu = createActivation<Required<EluGiven>, EluGiven>("elu", {
  attributes: ({ alpha = 1 }) => requireFinite("elu", { alpha }),
  function: ({ alpha }) => ({ kind: "elu", alpha }),
});

export interface HardSigmoidGiven {
  /** Slope. Default 1/6, as in PyTorch; ONNX says 0.2. */
  readonly alpha?: number;
  /** Value at 0. Default 0.5. */
  readonly beta?: number;
}

/**
 * alpha * x + beta, cut at 0 and 1.
 * Throws ShapeError unless alpha and beta are finite. Source: https://onnx.ai/onnx/operators/onnx__HardSigmoid.html
 */
export const hardSigmoid = createActivation<Required<HardSigmoidGiven>, HardSigmoidGiven>("hardSigmoid", {
  attributes: ({ alpha = 1 / 6, beta = 0.5 }) => requireFinite("hardSigmoid", { alpha, beta }),
  function: ({ alpha, beta }) => ({ kind: "hard-sigmoid", alpha, beta }),
});

export interface GeluGiven {
  /** "tanh" for 0.5 * x * (1 + tanh(sqrt(2/pi) * (x + 0.044715 * x^3))). Default "none": exact. */
  readonly approximate?: "none" | "tanh";
}

/**
 * x times the normal distribution's share below x: 0.5 * x * (1 + erf(x / sqrt(2))).
 * Throws ShapeError for another approximation. Source: https://pytorch.org/docs/stable/generated/torch.nn.GELU.html
 */
export const gelu = createActivation<Required<GeluGiven>, GeluGiven>("gelu", {
  attributes({ approximate = "none" }) {
    if (approximate !== "none" && approximate !== "tanh")
      throw new ShapeError(`gelu: approximate is ${String(approximate)}, expected none or tanh`);
    return { approximate };
  },
  function: ({ approximate }) => ({ kind: approximate === "tanh" ? "gelu-tanh" : "gelu" }),
});

export interface ClipGiven {
  /** Default -Infinity: no lower limit. */
  readonly min?: number;
  /** Default Infinity: no upper limit. */
  readonly max?: number;
}

/**
 * x, no less than min and no more than max; max where min is above it. `{ min: 0, max: 6 }` is ReLU6.
 * - x, output: [...]; NaN stays NaN.
 * Throws ShapeError if a limit is NaN. Source: https://pytorch.org/docs/stable/generated/torch.clamp.html
 */
export const clip = createActivation<Required<ClipGiven>, ClipGiven>("clip", {
  attributes({ min = Number.NEGATIVE_INFINITY, max = Number.POSITIVE_INFINITY }) {
    if (Number.isNaN(min) || Number.isNaN(max))
      throw new ShapeError(`clip: got limits ${min} and ${max}, expected numbers`);
    return { min, max };
  },
  function: ({ min, max }) => ({ kind: "clip", min, max }),
});

function plain(name: string, kind: Activation["kind"] & PlainKind): Operator {
  return createActivation(name, { attributes: () => ({}), function: () => ({ kind }) });
}
