"""The exported file: a state_dict as safetensors whose metadata says how to rebuild the network.

Metadata (all strings):
    format              "pt"
    atrous.network      the name of a network of `networks/`
    atrous.options      JSON, camelCase: the arguments of its constructor
    atrous.labels       JSON list: the name of each class, background first
    atrous.preprocess   JSON: spacingMm, normalize, padMultiple, minSize, padValue (see dataset.py)

`num_batches_tracked` is left out: inference does not need it. With f16 every floating tensor is
rounded to half precision; `read_weights` gives the rounded values back as float32. The same content has the same bytes.
"""

import json
from pathlib import Path

import torch
from safetensors import safe_open
from safetensors.torch import save

from networks import NETWORKS


def preprocess_of(network, spacing_mm=1):
    """The field `atrous.preprocess`."""
    return {"spacingMm": spacing_mm, "normalize": "z-score", "padMultiple": network.MULTIPLE, "minSize": network.least_size,
            "padValue": 0}


def camel_case(name):
    first, *words = name.split("_")
    return first + "".join(word.capitalize() for word in words)


def snake_case(name):
    return "".join(f"_{letter.lower()}" if letter.isupper() else letter for letter in name)


def save_tensors(tensors, path, metadata):
    """Writes a safetensors file with its metadata in the order of its keys: the library's own order is random."""
    content = save(tensors, metadata)
    end = 8 + int.from_bytes(content[:8], "little")
    header = json.loads(content[8:end])
    header["__metadata__"] = dict(sorted(header["__metadata__"].items()))
    text = json.dumps(header, separators=(",", ":"), ensure_ascii=False).encode()
    text += b" " * (-len(text) % 8)
    Path(path).write_bytes(len(text).to_bytes(8, "little") + text + content[end:])


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


def write_weights(path, network, labels, preprocess=None, half=False):
    """Writes a network to `path`; `half` stores f16. One class alone has the background beside it among the labels."""
    if len(labels) != max(2, network.options["classes"]):
        raise ValueError(f"got {len(labels)} labels for a network of {network.options['classes']} classes")
    tensors = {name: t.detach().contiguous().float() for name, t in exported_state(network.state_dict()).items()}
    for name, tensor in tensors.items():
        if not torch.isfinite(tensor).all():
            raise ValueError(f"{name}: contains NaN or infinity")
    if half:
        tensors = {name: to_half(name, tensor) for name, tensor in tensors.items()}
    options = {camel_case(name): value for name, value in network.options.items()}
    save_tensors(tensors, path, {
        "format": "pt",
        "atrous.network": network.NAME,
        "atrous.options": json.dumps(options),
        "atrous.labels": json.dumps(labels),
        "atrous.preprocess": json.dumps(preprocess or preprocess_of(network)),
    })


def read_weights(path):
    """Reads what write_weights wrote: the network in eval mode with float32 weights, and its labels."""
    with safe_open(path, "pt") as file:
        metadata = file.metadata() or {}
        name = metadata.get("atrous.network")
        if name not in NETWORKS:
            raise ValueError(f"{path}: atrous.network is {name!r}, expected one of {', '.join(NETWORKS)}")
        tensors = {key: file.get_tensor(key).float() for key in file.keys()}
    options = json.loads(metadata["atrous.options"])
    network = NETWORKS[name](**{snake_case(option): value for option, value in options.items()})
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
