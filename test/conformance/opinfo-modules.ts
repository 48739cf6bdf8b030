// PyTorch's modules: which function each one calls, and with what of its attributes. Parameters and buffers keep their names.
import type { Value } from "../../src/graph/ir/graph.ts";
import { type Call, OutOfScope } from "./opinfo-call.ts";
import type { Arguments, Sample } from "./opinfo-samples.ts";

export interface ModuleTranslation {
  /** In the table of functions. */
  readonly function: string;
  /** The function's arguments, beside tensors. Throws OutOfScope. */
  arguments(attributes: Arguments): Arguments;
  /** What the module does to its input, if anything; returns what it does to the output. */
  prepare?(call: Call): ((y: Value) => Value) | undefined;
}

const windowAxes = [1, 2, 3] as const;

export const modules: Readonly<Record<string, ModuleTranslation>> = {
  ...perAxes("Conv", (axes) => ({
    function: `nn.functional.conv${axes}d`,
    arguments(attributes) {
      if (attributes.padding_mode !== "zeros") throw new OutOfScope(`padding_mode=${String(attributes.padding_mode)}`);
      return pick(attributes, "stride padding dilation groups");
    },
  })),
  ...perAxes("ConvTranspose", (axes) =>
    calls(`conv_transpose${axes}d`, "stride padding output_padding groups dilation"),
  ),
  ...perAxes("MaxPool", (axes) =>
    calls(`max_pool${axes}d`, "kernel_size stride padding dilation ceil_mode return_indices"),
  ),
  ...perAxes("AvgPool", (axes) => {
    const every = "kernel_size stride padding ceil_mode count_include_pad";
    return calls(`avg_pool${axes}d`, axes === 1 ? every : `${every} divisor_override`);
  }),
  ...perAxes("AdaptiveAvgPool", (axes) => calls(`adaptive_avg_pool${axes}d`, "output_size")),
  ...perAxes("BatchNorm", () => ({
    function: "nn.functional.batch_norm",
    arguments: (attributes) => ({ ...pick(attributes, "eps"), training: attributes.track_running_stats === false }),
  })),
  ...perAxes("InstanceNorm", (axes) => ({
    function: "nn.functional.instance_norm",
    arguments: (attributes) => ({
      ...pick(attributes, "eps"),
      use_input_stats: attributes.track_running_stats === false,
    }),
    prepare(call) {
      const x = call.tensor("input");
      const { shape } = x.type;
      if (shape.length === axes + 2) return undefined;
      call.replace("input", call.reshape(x, [1, ...shape]));
      return (y) => call.reshape(y, shape);
    },
  })),
  ...perAxes("ReflectionPad", () => pads("reflect")),
  ...perAxes("ReplicationPad", () => pads("replicate")),
  ...perAxes("ZeroPad", () => pads("constant")),
  ...perAxes("ConstantPad", () => pads("constant")),
  GroupNorm: calls("group_norm", "num_groups eps"),
  LayerNorm: calls("layer_norm", "normalized_shape eps"),
  Linear: calls("linear", ""),
  ReLU: calls("relu", ""),
  ReLU6: calls("relu6", ""),
  Hardtanh: calls("hardtanh", "min_val max_val"),
  Hardswish: calls("hardswish", ""),
  LeakyReLU: calls("leaky_relu", "negative_slope"),
  PReLU: calls("prelu", ""),
  ELU: calls("elu", "alpha"),
  CELU: calls("celu", "alpha"),
  GELU: calls("gelu", "approximate"),
  SiLU: calls("silu", ""),
  Sigmoid: calls("sigmoid", ""),
  Tanh: calls("tanh", ""),
  Softplus: calls("softplus", "beta threshold"),
  Softmax: { function: "softmax", arguments: axis },
  LogSoftmax: { function: "log_softmax", arguments: axis },
  Softmin: { function: "nn.functional.softmin", arguments: axis },
  Softmax2d: { function: "softmax", arguments: () => ({ dim: -3 }) },
};

/** The call of its function that a module makes. Throws OutOfScope. */
export function moduleCall(sample: Sample): ModuleTranslation & { readonly given: Arguments } {
  const name = sample.op.replace(/^module\./, "");
  const module = modules[name];
  if (!module) throw new Error(`${sample.op} has no translation`);
  const [input = sample.kwargs.input ?? null, ...rest] = sample.args;
  if (rest.length > 0 || Object.keys(sample.kwargs).some((key) => key !== "input")) {
    throw new OutOfScope("a second argument of forward");
  }
  return { ...module, given: { input, ...sample.state, ...module.arguments(sample.attributes ?? {}) } };
}

function perAxes(name: string, record: (axes: 1 | 2 | 3) => ModuleTranslation): Record<string, ModuleTranslation> {
  return Object.fromEntries(windowAxes.map((axes) => [`${name}${axes}d`, record(axes)]));
}

function calls(name: string, taken: string): ModuleTranslation {
  return { function: `nn.functional.${name}`, arguments: (attributes) => pick(attributes, taken) };
}

function pads(mode: string): ModuleTranslation {
  return {
    function: `nn.functional.pad.${mode}`,
    arguments: ({ padding, value }) => ({ pad: padding ?? null, mode, value: value ?? null }),
  };
}

function axis({ dim }: Arguments): Arguments {
  if (typeof dim !== "number") throw new OutOfScope("dim=None, which PyTorch guesses");
  return { dim };
}

function pick(attributes: Arguments, names: string): Arguments {
  const wanted = names.split(" ").filter((name) => name !== "");
  return Object.fromEntries(wanted.map((name) => [name, attributes[name] ?? null]));
}
