"""Gradients of networks in eval mode, running statistics included, and inputs for which f32 can be trusted with them.

PyTorch has no gradient of running statistics, so batch norms are computed by their formula here. Where a rounding error flips
a ReLU, gradients of two f32 engines differ by a per cent or more; so images are drawn until PyTorch's own gradients in
f32 are those in f64.
"""

import copy
from types import MethodType

import torch
from torch import nn

AGREEMENT = 3e-5
DRAWS = 40


def by_formula(norm, x):
    """Batch norm with running statistics."""
    wide = (slice(None), *[None] * (x.dim() - 2))
    scale = norm.weight / torch.sqrt(norm.running_var + norm.eps)
    return (x - norm.running_mean[wide]) * scale[wide] + norm.bias[wide]


def vector_jacobian(network, image, output_gradients, dtype=torch.float64):
    """{name: d(loss)/d(name)} for `image`, every parameter and every running statistic, in f32, in the state's order.

    `output_gradients`: d(loss)/d(output), one for each output of the network; None for outputs that do not count.
    """
    network = copy.deepcopy(network).to(dtype).eval()
    for module in network.modules():
        if isinstance(module, (nn.BatchNorm2d, nn.BatchNorm3d)):
            module.forward = MethodType(by_formula, module)
    image = image.to(dtype).requires_grad_()
    state = {name: tensor for name, tensor in network.state_dict(keep_vars=True).items() if tensor.is_floating_point()}
    for tensor in state.values():
        tensor.requires_grad_()
    outputs = network(image)
    outputs = outputs if isinstance(outputs, tuple) else (outputs,)
    counted = [(output, gradient.to(dtype)) for output, gradient in zip(outputs, output_gradients) if gradient is not None]
    wanted = {"image": image, **state}
    outputs, seeds = zip(*counted)
    gradients = torch.autograd.grad(outputs, list(wanted.values()), seeds, allow_unused=True)
    return {
        name: (torch.zeros_like(tensor) if gradient is None else gradient).float().contiguous()
        for (name, tensor), gradient in zip(wanted.items(), gradients)
    }


def distance(got, expected):
    """Largest relative L2 of all gradients."""
    pairs = ((got[name].double(), tensor.double()) for name, tensor in expected.items())
    return max(((a - b).norm() / b.norm()).item() for a, b in pairs if b.norm() > 0)


def steady_gradients(network, shape, output_gradients, seed=0):
    """(image, gradients in f64): the first image, drawn by `seed` and the seeds after it, whose gradients are steady and not zero."""
    for number in range(seed, seed + DRAWS):
        image = torch.randn(shape, generator=torch.Generator().manual_seed(number))
        exact = vector_jacobian(network, image, output_gradients)
        if not all(gradient.any() for gradient in exact.values()):
            continue  # a dead layer would hide every error before it
        if distance(vector_jacobian(network, image, output_gradients, torch.float32), exact) <= AGREEMENT:
            return image, exact
    raise ValueError(f"no image of {DRAWS} has gradients, none of them zero, in f32 within {AGREEMENT} of those in f64")
