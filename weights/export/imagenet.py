"""Starts the encoder from ImageNet weights whose batch norm was folded into the convolutions.

The source, torchvision's ResNet-18 IMAGENET1K_V1 (BSD-3-Clause), is at hand only in folded form and
without layer4's four 3x3 convolutions: those stay at their random start and have to be trained.
"""

import torch
from safetensors.torch import load_file

FILE = "resnet18-imagenet-partial/resnet18_imagenet_bnfolded_partial.safetensors"


def batch_norm_of(convolution):
    """torchvision's name of the batch norm behind a convolution: conv2 -> bn2, downsample.0 -> .1"""
    if convolution.endswith("downsample.0"):
        return convolution[: -len("0")] + "1"
    return convolution.replace("conv", "bn")


@torch.no_grad()
def load_imagenet(network, path, images):
    """Loads the folded encoder at `path` into `network`; `images` [N, 3, H, W] calibrate the batch norms.

    A folded convolution computes y = Wx + b. With m and v the measured mean and variance of Wx, the batch norm
    behind it gets running_mean = m, running_var = v, weight = sqrt(v + eps), bias = b + m: this again computes
    Wx + b, and in training mode nearly so. Batch norms are set in the order in which the data reach them.
    Returns the names of the convolutions that were loaded.
    """
    folded = load_file(path)
    modules = dict(network.named_modules())
    loaded = [
        name.removesuffix(".weight") for name in folded if name.endswith(".weight") and not name.startswith("fc.")
    ]
    hooks = []
    for name in loaded:
        modules[name].weight.copy_(folded[f"{name}.weight"])

        def calibrate(norm, inputs, bias=folded[f"{name}.bias"]):
            variance, mean = torch.var_mean(inputs[0], dim=(0, 2, 3), correction=0)
            norm.running_mean.copy_(mean)
            norm.running_var.copy_(variance)
            norm.weight.copy_(torch.sqrt(variance + norm.eps))
            norm.bias.copy_(bias + mean)

        hooks.append(modules[batch_norm_of(name)].register_forward_pre_hook(calibrate))
    training = network.training
    network.eval()(images)
    network.train(training)
    for hook in hooks:
        hook.remove()
    return loaded
