"""Exports a trained network to the safetensors file that atrous loads.

Takes a checkpoint of train.py, or any state_dict whose names are those of one of `networks/`: a .pt file with the
state_dict itself (or under "state_dict" or "model"), or a .safetensors file. Every name and shape is checked.
"""

import argparse
import hashlib
import inspect
import math
from pathlib import Path

import torch
from safetensors.torch import load_file

from evaluate import class_weight_shift
from networks import NETWORKS, MsffResNet18
from weights_file import load_state, preprocess_of, read_weights, write_weights

PREFIXES = ("module.", "_orig_mod.", "network.", "model.")  # of DataParallel, torch.compile and common wrappers


def strip_prefix(tensors):
    """Drops a wrapper's prefix if every name carries it."""
    for prefix in PREFIXES:
        if tensors and all(name.startswith(prefix) for name in tensors):
            return strip_prefix({name.removeprefix(prefix): tensor for name, tensor in tensors.items()})
    return tensors


def read_state(path):
    """(tensors, options, class_weights) of a checkpoint or state_dict file.

    class_weights are (share of class 1, alpha) of the training loss; options and class_weights may be None.
    """
    if Path(path).suffix == ".safetensors":
        return strip_prefix(load_file(path)), None, None
    content = torch.load(path, map_location="cpu", weights_only=True)
    if "average" in content and "options" in content:  # train.py's: the moving average is what was validated
        return content["average"], content["options"], (content["share"], content.get("alpha", 1.0))
    for key in ("state_dict", "model"):
        if isinstance(content.get(key), dict):
            content = content[key]
            break
    return strip_prefix({name: value for name, value in content.items() if torch.is_tensor(value)}), None, None


def numbers(text):
    return [int(part) for part in text.split(",")] if text else []


def options_of(network):
    """{option: default} of a network."""
    parameters = inspect.signature(network).parameters.values()
    return {parameter.name: parameter.default for parameter in parameters if parameter.name != "classes"}


def add_options(parser, network):
    """An argument for each option of the network but the classes, which are counted by the labels."""
    for name, default in options_of(network).items():
        flag = "--" + name.replace("_", "-")
        if isinstance(default, bool):
            parser.add_argument(flag, action=argparse.BooleanOptionalAction, default=default)
        elif isinstance(default, tuple):
            parser.add_argument(flag, type=numbers, default=list(default), metavar=",".join(map(str, default)))
        else:
            parser.add_argument(flag, type=type(default), default=default)


def parse_arguments():
    """The arguments and the network that they name."""
    which = argparse.ArgumentParser(add_help=False)
    which.add_argument("--network", choices=NETWORKS, default=MsffResNet18.NAME, help="default: %(default)s")
    network = NETWORKS[which.parse_known_args()[0].network]
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0], parents=[which])
    parser.add_argument("checkpoint", help=".pt or .safetensors")
    parser.add_argument("output", help="NAME.safetensors")
    parser.add_argument("--half", action="store_true", help="store f16: half the size, rounded weights")
    parser.add_argument("--labels", default="background,vertebral body", help="one name per class, comma between")
    parser.add_argument("--undo-class-weights", action="store_true",
                        help="fold the class shares of train.py's loss into the last bias (evaluate.py says why)")
    parser.add_argument("--threshold", type=float, default=0.5,
                        help="probability that makes a pixel class 1 (threshold.py), folded into the last bias")
    parser.add_argument("--classes", type=int, help="channels of the logits (default: as many as labels)")
    shape = parser.add_argument_group("the network's options (a checkpoint of train.py carries its own)")
    add_options(shape, network)
    parser.add_argument("--spacing-mm", type=float, default=1, help="pixel size trained on")
    return parser.parse_args(), network


def main():
    arguments, create = parse_arguments()
    labels = arguments.labels.split(",")
    tensors, options, class_weights = read_state(arguments.checkpoint)
    classes = arguments.classes or len(labels)
    network = create(**(options or {"classes": classes, **{name: getattr(arguments, name) for name in options_of(create)}}))
    load_state(network, tensors, arguments.checkpoint)
    preprocess = preprocess_of(network, arguments.spacing_mm)
    if (arguments.undo_class_weights or arguments.threshold != 0.5) and len(labels) != 2:
        raise SystemExit("--undo-class-weights and --threshold: need two classes")
    shift = math.log((1 - arguments.threshold) / arguments.threshold)
    if arguments.undo_class_weights:
        if class_weights is None:
            raise SystemExit("--undo-class-weights: needs a checkpoint written by train.py")
        shift -= class_weight_shift(*class_weights)
    with torch.no_grad():
        network.logits_layer.bias[-1] += shift
    write_weights(arguments.output, network, labels, preprocess, arguments.half)
    read_weights(arguments.output)  # what was written must load again
    content = Path(arguments.output).read_bytes()
    print(f"{arguments.output}: {len(content):,} bytes, sha256 {hashlib.sha256(content).hexdigest()}")


if __name__ == "__main__":
    main()
