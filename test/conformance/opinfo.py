#!/usr/bin/env python3
"""Writes PyTorch's own operator samples (OpInfo and ModuleInfo of torch.testing) with what PyTorch computes of them.

    python3 test/conformance/opinfo.py FOLDER [OPERATOR ...]     # names as in op_db, or module.CLASS; default all

FOLDER/samples.safetensors holds the tensors, FOLDER/samples.json {"torch": version, "entries": of op_db and module_db,
"samples": [...]}. A sample:

    op           name and variant in op_db, or module.CLASS
    args, kwargs of the call (of a module: of its forward). A tensor is {"tensor": NAME}, others are JSON or as in `encode`
    attributes   of a module only: its plain attributes; its parameters and buffers are the tensors of `state`
    outputs      names of the output tensors
    compare      how close to the outputs a result must be: "exact"; "function", 1e-5 relative + 1e-6 absolute;
                 "sum", 8 eps32 * magnitude + 1e-7
    magnitudes   names of the magnitude tensors, for "sum": the same call in float64 on absolute values
    gradient     of every float that PyTorch has one for, the vector-Jacobian product: {"of": names of d(loss)/d(output), or
                 null where the output has none, "wanted": names of the arguments, "results": those of d(loss)/d(argument),
                 "magnitudes": those of its magnitudes: for "sum" as above, for others with absolute d(loss)/d(output)}
    noGradient   why there is none
    outOfScope   why the sample cannot be told to the engine at all, instead of everything behind `op`

Tensor N of sample S is S.a0 (arguments in the order met), S.o0 (outputs), S.m0 (magnitudes), S.go0 (gradients of outputs,
drawn), S.ga0 (gradients of arguments), S.gm0 (their magnitudes). Outputs of exact comparisons are those of float32; others, and
all gradients, are those of float64 on the same float32 inputs, rounded to float32.
"""

import copy
import json
import random
import sys
import warnings
from pathlib import Path

import numpy
import torch
from safetensors.torch import save_file
from torch.testing._internal.common_methods_invocations import op_db
from torch.testing._internal.common_modules import module_db

warnings.filterwarnings("ignore")

F = "nn.functional."

LARGEST = 1 << 14

# Results that rounding does not touch, or that float32 rounds once.
EXACT = f"""
abs ceil floor neg round sign maximum minimum max.binary min.binary amax amin argmax clamp clamp_min clamp_max
eq ne lt le gt ge logical_and logical_or logical_xor logical_not where
cat stack permute transpose t reshape view flatten squeeze unsqueeze expand expand_as broadcast_to tile repeat
index_select gather tril triu narrow select slice split chunk unbind __getitem__ movedim
{F}max_pool1d {F}max_pool2d {F}max_pool3d {F}relu {F}relu6 {F}hardtanh
{F}pad.constant {F}pad.reflect {F}pad.replicate constant_pad_nd {F}interpolate.nearest {F}interpolate.nearest-exact
{F}upsample_nearest
""".split()

# Sums of products: an absolute value of every operand bounds the rounding of every order of summation.
SUMS = f"""
{F}conv1d {F}conv2d {F}conv3d {F}conv_transpose1d {F}conv_transpose2d {F}conv_transpose3d
{F}avg_pool1d {F}avg_pool2d {F}avg_pool3d {F}adaptive_avg_pool1d {F}adaptive_avg_pool2d {F}adaptive_avg_pool3d
{F}interpolate.bilinear {F}interpolate.trilinear {F}interpolate.linear {F}upsample_bilinear
add sub rsub mul __radd__ __rsub__ __rmul__ sum mean matmul __rmatmul__ mm bmm mv addmm addmm.decomposed baddbmm {F}linear
""".split()

FUNCTIONS = f"""
exp log sqrt rsqrt reciprocal erf sigmoid tanh square div.no_rounding_mode true_divide __rdiv__ pow __rpow__
prod logsumexp norm norm.fro norm.inf linalg.vector_norm softmax log_softmax
{F}leaky_relu {F}elu {F}celu {F}gelu {F}silu {F}hardswish {F}hardsigmoid {F}softplus {F}prelu {F}softmin
{F}batch_norm {F}layer_norm {F}group_norm {F}instance_norm
""".split()

MODULES = {
    "exact": """MaxPool1d MaxPool2d MaxPool3d ReLU ReLU6 Hardtanh ReflectionPad1d ReflectionPad2d ReflectionPad3d
        ReplicationPad1d ReplicationPad2d ReplicationPad3d ZeroPad1d ZeroPad2d ZeroPad3d
        ConstantPad1d ConstantPad2d ConstantPad3d""".split(),
    "sum": """Conv1d Conv2d Conv3d ConvTranspose1d ConvTranspose2d ConvTranspose3d Linear
        AvgPool1d AvgPool2d AvgPool3d AdaptiveAvgPool1d AdaptiveAvgPool2d AdaptiveAvgPool3d""".split(),
    "function": """BatchNorm1d BatchNorm2d BatchNorm3d GroupNorm InstanceNorm1d InstanceNorm2d InstanceNorm3d LayerNorm
        ELU CELU GELU Hardswish LeakyReLU PReLU Sigmoid SiLU Softmax Softmax2d LogSoftmax Softmin Softplus Tanh""".split(),
}

LOGICAL = {"logical_and", "logical_or", "logical_xor", "logical_not"}

# The call whose float64 result on absolute values is the magnitude, where it is not the same call.
MAGNITUDE_OPS = {"sub": torch.add, "rsub": torch.add, "__rsub__": torch.add}


class OutOfScope(Exception):
    """Why a sample cannot be told to the engine."""


def seed(text):
    number = sum(ord(c) * 31**i for i, c in enumerate(text)) % 2**31
    torch.manual_seed(number)
    numpy.random.seed(number)
    random.seed(number)


def map_tensors(value, convert):
    if isinstance(value, torch.Tensor):
        return convert(value)
    if isinstance(value, (list, tuple)) and not isinstance(value, torch.Size):
        return type(value)(map_tensors(item, convert) for item in value)
    if isinstance(value, dict):
        return {key: map_tensors(item, convert) for key, item in value.items()}
    return value


def widen(tensor):
    return tensor.double() if tensor.is_floating_point() else tensor


def absolute(tensor):
    return tensor.double().abs() if tensor.is_floating_point() else tensor


def to_double(value, convert=widen):
    if value is torch.float32:
        return torch.float64
    if isinstance(value, dict):
        return {key: to_double(item, convert) for key, item in value.items()}
    return map_tensors(value, convert)


def to_magnitude(value, convert=absolute):
    """As float64, and absolute, as numbers are too: factors such as alpha and beta. Counts, axes and sizes are not negative."""
    if isinstance(value, float):
        return abs(value)
    if isinstance(value, dict):
        factors = {key: abs(item) for key, item in value.items() if key in ("alpha", "beta")}
        return {**{key: to_magnitude(item, convert) for key, item in value.items()}, **factors}
    if isinstance(value, torch.Tensor):
        return convert(value)
    if isinstance(value, (list, tuple)) and not isinstance(value, torch.Size):
        return type(value)(to_magnitude(item, convert) for item in value)
    return to_double(value)


def mark_statistics(tensors):
    """Running means and variances, for which PyTorch has no gradient."""
    for tensor in tensors:
        if tensor is not None:
            tensor.is_statistic = True


class Leaves:
    """Replaces tensors, in the order in which `encode` counts them; floats by copies of leaves."""

    def __init__(self, convert):
        self.convert = convert
        self.count = 0
        self.wanted = {}

    def __call__(self, tensor):
        number = self.count
        self.count += 1
        leaf = self.convert(tensor.detach())
        if not tensor.is_floating_point() or getattr(tensor, "is_statistic", False):
            return leaf
        self.wanted[number] = leaf.requires_grad_()
        return leaf.clone()  # some samples write over it


def draw_gradients(outputs, number):
    """From a generator of their own: those of the samples stay what they are."""
    generator = torch.Generator().manual_seed(number)
    return [
        torch.rand(y.shape, generator=generator) * 2 - 1 if y.is_floating_point() and y.requires_grad else None
        for y in outputs
    ]


def products(outputs, gradients, leaves):
    """Vector-Jacobian products, by number; those that PyTorch has."""
    pairs = [(y, g.double()) for y, g in zip(outputs, gradients, strict=True) if g is not None]
    results = torch.autograd.grad(
        [y for y, _ in pairs], list(leaves.values()), [g for _, g in pairs], retain_graph=True, allow_unused=True
    )
    return {i: g for i, g in zip(leaves, results, strict=True) if g is not None}


class Writer:
    def __init__(self):
        self.tensors = {}
        self.samples = []

    def encode(self, value, prefix, counter):
        """Plain values as JSON, others as an object of one field: tensor, float, dtype, range, ellipsis."""
        if isinstance(value, torch.Tensor):
            name = f"{prefix}{counter[0]}"
            counter[0] += 1
            self.tensors[name] = self.storable(value)
            return {"tensor": name}
        if value is None or isinstance(value, (bool, int, str)):
            return value
        if isinstance(value, float):
            return value if value - value == 0 else {"float": str(value)}
        if isinstance(value, (list, tuple)):
            return [self.encode(item, prefix, counter) for item in value]
        if isinstance(value, torch.dtype):
            return {"dtype": str(value).removeprefix("torch.")}
        if isinstance(value, slice):
            return {"range": [value.start, value.stop, value.step]}
        if value is Ellipsis:
            return {"ellipsis": True}
        raise OutOfScope(f"an argument of type {type(value).__name__}")

    @staticmethod
    def storable(tensor):
        """Contiguous; booleans as bytes. How a tensor lies in memory is no part of what a sample says."""
        if tensor.numel() == 0:
            raise OutOfScope("an empty tensor")
        if tensor.numel() > LARGEST:
            raise OutOfScope(f"a tensor of more than {LARGEST} elements")
        if tensor.dtype is torch.float64:
            tensor = tensor.float()
        if tensor.dtype is torch.bool:
            return tensor.to(torch.uint8).contiguous().clone()
        if tensor.dtype in (torch.float32, torch.int64):
            return tensor.detach().contiguous().clone()
        raise OutOfScope(f"a tensor of {str(tensor.dtype).removeprefix('torch.')}")

    def add_gradient(self, sample, number, call, magnitude_call):
        leaves = Leaves(widen)
        outputs = flatten(call(lambda value: to_double(value, leaves)))
        gradients = draw_gradients(outputs, number)
        if all(g is None for g in gradients):
            sample["noGradient"] = "PyTorch has none"
            return
        try:
            results = products(outputs, gradients, leaves.wanted)
        except RuntimeError as error:
            print(f"{sample['op']}: {error}", file=sys.stderr)
            sample["noGradient"] = "PyTorch's own fails"
            return
        sizes = [g if g is None else g.abs() for g in gradients]
        if sample["compare"] == "sum":
            wide = Leaves(absolute)
            outputs = flatten(magnitude_call(lambda value: to_magnitude(value, wide)))
            magnitudes = products(outputs, sizes, wide.wanted)
        else:
            magnitudes = {i: g.abs() for i, g in products(outputs, sizes, leaves.wanted).items()}

        def store(kind, tensor, i):
            return self.encode(tensor, f"{number}.{kind}", [i])["tensor"]

        sample["gradient"] = {
            "of": [None if g is None else store("go", g, i) for i, g in enumerate(gradients)],
            "wanted": [f"{number}.a{i}" for i in results],
            "results": [store("ga", g, i) for i, g in results.items()],
            "magnitudes": [store("gm", magnitudes[i], i) for i in results],
        }

    def add(self, op, compare, call, magnitude_call, args, kwargs, extra=None):
        """`call(convert)` computes the outputs, with everything converted, what `extra` holds first."""
        number = len(self.samples)
        known = set(self.tensors)
        sample = {"op": op}
        try:
            counter = [0]
            for key, value in (extra or {}).items():
                sample[key] = {k: self.encode(v, f"{number}.a", counter) for k, v in value.items()}
            sample["args"] = self.encode(list(args), f"{number}.a", counter)
            sample["kwargs"] = {key: self.encode(value, f"{number}.a", counter) for key, value in kwargs.items()}
            sample["compare"] = compare
            with torch.no_grad():
                outputs = flatten(call(lambda x: x))
                if compare != "exact":
                    wide = flatten(call(to_double))
                    outputs = [w if o.is_floating_point() else o for w, o in zip(wide, outputs, strict=True)]
                sample["outputs"] = [self.encode(t, f"{number}.o", [i])["tensor"] for i, t in enumerate(outputs)]
                if compare == "sum":
                    magnitudes = flatten(magnitude_call(to_magnitude))
                    sample["magnitudes"] = [self.encode(t, f"{number}.m", [i])["tensor"] for i, t in enumerate(magnitudes)]
            self.add_gradient(sample, number, call, magnitude_call)
        except OutOfScope as reason:
            for name in set(self.tensors) - known:
                del self.tensors[name]
            sample = {"op": op, "outOfScope": str(reason)}
        self.samples.append(sample)


def flatten(result):
    if isinstance(result, torch.Tensor):
        return [result]
    if isinstance(result, (list, tuple)):
        return [tensor for item in result for tensor in flatten(item)]
    raise OutOfScope(f"a result of type {type(result).__name__}")


def full_name(info):
    return f"{info.name}.{info.variant_test_name}" if info.variant_test_name else info.name


def write_operator(writer, info, name, compare):
    dtype = torch.bool if name in LOGICAL else torch.float32
    seed(name)
    # Reference inputs are the samples and more where there are any: large values, infinities, NaN, odd strides.
    for sample in info.reference_inputs("cpu", dtype, requires_grad=False):
        args, kwargs = (sample.input, *sample.args), sample.kwargs
        mark_statistics(kwargs.get(key) for key in ("running_mean", "running_var"))
        if name in (f"{F}batch_norm", f"{F}instance_norm"):
            mark_statistics(args[1:3])
        if name == "__getitem__" and isinstance(args[1], list):  # other than a tuple, it stands for one tensor
            args = (args[0], torch.tensor(args[1]))

        def call(convert, op=info.op, args=args, kwargs=kwargs):
            return op(*convert(copy.deepcopy(list(args))), **convert(kwargs))

        def magnitude_call(convert, args=args, kwargs=kwargs):
            return call(convert, MAGNITUDE_OPS.get(name, info.op), args, kwargs)

        writer.add(name, compare, call, magnitude_call, args, kwargs)


def write_module(writer, info, compare):
    name = f"module.{info.module_cls.__name__}"
    seed(name)
    inputs = info.module_inputs_func(info, "cpu", torch.float32, requires_grad=False, training=False)
    for given in inputs:
        built = given.constructor_input
        module = info.module_cls(*built.args, **built.kwargs).eval()
        for key, value in module.named_buffers():
            if value.is_floating_point():  # statistics
                value.copy_(torch.rand_like(value) + 0.5)
        state = {key: value.clone() for key, value in module.state_dict().items() if value.is_floating_point()}
        mark_statistics(state.get(key) for key, _ in module.named_buffers())
        plain = (bool, int, float, str, tuple, list, type(None))
        attributes = {k: v for k, v in vars(module).items() if not k.startswith("_") and isinstance(v, plain)}
        args, kwargs = given.forward_input.args, given.forward_input.kwargs

        def call(convert, module=module, state=state, args=args, kwargs=kwargs):
            given = convert(state)
            converted = copy.deepcopy(module).to(next(iter(given.values())).dtype if given else None)
            return torch.func.functional_call(converted, given, tuple(convert(list(args))), convert(kwargs))

        writer.add(name, compare, call, call, args, kwargs, {"state": state, "attributes": attributes})


def main(folder, only):
    torch.set_num_threads(1)
    writer = Writer()
    comparisons = {name: kind for kind, names in (("exact", EXACT), ("sum", SUMS), ("function", FUNCTIONS)) for name in names}
    modules = {name for names in MODULES.values() for name in names}
    wanted = {name.removeprefix("module.") for name in only} or {*comparisons, *modules}
    found = set()
    for info in op_db:
        name = full_name(info)
        if name in comparisons and name in wanted:
            found.add(name)
            write_operator(writer, info, name, comparisons[name])
    for info in module_db:
        for compare, names in MODULES.items():
            if info.module_cls.__name__ in names and info.module_cls.__name__ in wanted:
                found.add(info.module_cls.__name__)
                write_module(writer, info, compare)
    missing = wanted - found
    if missing:
        sys.exit(f"no samples of {', '.join(sorted(missing))}")
    folder.mkdir(parents=True, exist_ok=True)
    save_file(writer.tensors, folder / "samples.safetensors")
    entries = {"op_db": len(op_db), "module_db": len(module_db)}
    document = {"torch": torch.__version__.split("+")[0], "entries": entries, "samples": writer.samples}
    (folder / "samples.json").write_text(json.dumps(document, separators=(",", ":")))


if __name__ == "__main__":
    if len(sys.argv) < 2:
        sys.exit(__doc__)
    main(Path(sys.argv[1]), sys.argv[2:])
