"""The exported file: a state_dict as safetensors whose metadata says how to rebuild the network.

Metadata (all strings):
    format              "pt"
    atrous.network      "msff-resnet18"
    atrous.options      JSON, camelCase: the constructor's arguments
    atrous.labels       JSON list: the name of each class, background first
    atrous.preprocess   JSON: spacingMm, normalize, padMultiple, minSize, padValue (see dataset.py)

`num_batches_tracked` is left out: inference does not need it. With f16 every floating tensor is
rounded to half precision; `read_weights` gives the rounded values back as float32.
"""

import json

import torch
from safetensors import safe_open
from safetensors.torch import save_file

from msff_resnet18 import MsffResNet18

NETWORK = "msff-resnet18"
PREPROCESS = {"spacingMm": 1, "normalize": "z-score", "padMultiple": 32, "minSize": 160, "padValue": 0}
CAMEL_CASE = {"in_channels": "inChannels", "branch_width": "branchWidth"}
SNAKE_CASE = {camel: snake for snake, camel in CAMEL_CASE.items()}


def exported_state(state_dict):
    return {name: tensor for name, tensor in state_dict.items() if not name.endswith("num_batches_tracked")}


def to_half(name, tensor):
    """Rounds to f16 and refuses overflow.

    What is too small becomes 0. That holds for variances too: below 3e-8, they vanish beside batch norm's eps of 1e-5
    (ImageNet's first convolution has dead channels like that).
    """
    half = tensor.to(torch.float16)
    if not torch.isfinite(half).all():
        raise ValueError(f"{name}: f16 overflow, largest magnitude {tensor.abs().max():.4g}, expected below 65504")
    return half


def write_weights(path, network, labels, preprocess=PREPROCESS, half=False):
    """Writes `network` (an MsffResNet18) to `path`; `half` stores f16."""
    if len(labels) != network.options["classes"]:
        raise ValueError(f"got {len(labels)} labels for a network of {network.options['classes']} classes")
    tensors = {name: t.detach().contiguous().float() for name, t in exported_state(network.state_dict()).items()}
    for name, tensor in tensors.items():
        if not torch.isfinite(tensor).all():
            raise ValueError(f"{name}: contains NaN or infinity")
    if half:
        tensors = {name: to_half(name, tensor) for name, tensor in tensors.items()}
    options = {CAMEL_CASE.get(name, name): value for name, value in network.options.items()}
    save_file(tensors, path, metadata={
        "format": "pt",
        "atrous.network": NETWORK,
        "atrous.options": json.dumps(options),
        "atrous.labels": json.dumps(labels),
        "atrous.preprocess": json.dumps(preprocess),
    })


def read_weights(path):
    """Reads what write_weights wrote: the network in eval mode with float32 weights, and its labels."""
    with safe_open(path, "pt") as file:
        metadata = file.metadata() or {}
        if metadata.get("atrous.network") != NETWORK:
            raise ValueError(f"{path}: atrous.network is {metadata.get('atrous.network')!r}, expected {NETWORK!r}")
        tensors = {name: file.get_tensor(name).float() for name in file.keys()}
    options = json.loads(metadata["atrous.options"])
    network = MsffResNet18(**{SNAKE_CASE.get(name, name): value for name, value in options.items()})
    load_state(network, tensors, path)
    return network.eval(), json.loads(metadata["atrous.labels"])


def load_state(network, tensors, source):
    """Loads `tensors` by name; every difference in names or shapes is reported, none is skipped."""
    expected = exported_state(network.state_dict())
    got = exported_state(tensors)
    problems = [f"missing {name} {list(expected[name].shape)}" for name in expected if name not in got]
    problems += [f"unknown {name}" for name in got if name not in expected]
    problems += [
        f"{name} is {list(got[name].shape)}, expected {list(expected[name].shape)}"
        for name in expected if name in got and got[name].shape != expected[name].shape
    ]
    if problems:
        more = f"; and {len(problems) - 12} more" if len(problems) > 12 else ""
        raise ValueError(f"{source}: does not fit the network: " + "; ".join(problems[:12]) + more)
    network.load_state_dict(got, strict=False)
