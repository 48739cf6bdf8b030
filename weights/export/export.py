"""Exports a trained network to the safetensors file that atrous loads.

Takes a checkpoint of train.py, or any state_dict whose names are those of msff_resnet18.py: a .pt file with the
state_dict itself (or under "state_dict" or "model"), or a .safetensors file. Every name and shape is checked.
"""

import argparse
import hashlib
import math
from pathlib import Path

import torch
from safetensors.torch import load_file

from evaluate import class_weight_shift
from msff_resnet18 import MsffResNet18
from weights_file import PREPROCESS, load_state, read_weights, write_weights

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


def parse_arguments():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("checkpoint", help=".pt or .safetensors")
    parser.add_argument("output", help="NAME.safetensors")
    parser.add_argument("--half", action="store_true", help="store f16: half the size, rounded weights")
    parser.add_argument("--labels", default="background,vertebral body", help="one name per class, comma between")
    parser.add_argument("--undo-class-weights", action="store_true",
                        help="fold the class shares of train.py's loss into the last bias (evaluate.py says why)")
    parser.add_argument("--threshold", type=float, default=0.5,
                        help="probability that makes a pixel class 1 (threshold.py), folded into the last bias")
    shape = parser.add_argument_group("the network's options (a checkpoint of train.py carries its own)")
    shape.add_argument("--width", type=float, default=1.0)
    shape.add_argument("--in-channels", type=int, default=3)
    shape.add_argument("--branch-width", type=int, default=64)
    shape.add_argument("--rates", type=numbers, default=[1, 3, 5], metavar="1,3,5")
    shape.add_argument("--pools", type=numbers, default=[2, 3, 4, 5], metavar="2,3,4,5")
    shape.add_argument("--no-msff", action="store_true", help="the plain bottleneck")
    parser.add_argument("--spacing-mm", type=float, default=PREPROCESS["spacingMm"], help="pixel size trained on")
    return parser.parse_args()


def main():
    arguments = parse_arguments()
    labels = arguments.labels.split(",")
    tensors, options, class_weights = read_state(arguments.checkpoint)
    options = options or dict(
        classes=len(labels), width=arguments.width, in_channels=arguments.in_channels,
        branch_width=arguments.branch_width, rates=arguments.rates, pools=arguments.pools, msff=not arguments.no_msff,
    )
    network = MsffResNet18(**options)
    load_state(network, tensors, arguments.checkpoint)
    preprocess = {**PREPROCESS, "spacingMm": arguments.spacing_mm}
    if (arguments.undo_class_weights or arguments.threshold != 0.5) and len(labels) != 2:
        raise SystemExit("--undo-class-weights and --threshold: need two classes")
    shift = math.log((1 - arguments.threshold) / arguments.threshold)
    if arguments.undo_class_weights:
        if class_weights is None:
            raise SystemExit("--undo-class-weights: needs a checkpoint written by train.py")
        shift -= class_weight_shift(*class_weights)
    with torch.no_grad():
        network.head.conv2.bias[-1] += shift
    write_weights(arguments.output, network, labels, preprocess, arguments.half)
    read_weights(arguments.output)  # what was written must load again
    content = Path(arguments.output).read_bytes()
    print(f"{arguments.output}: {len(content):,} bytes, sha256 {hashlib.sha256(content).hexdigest()}")


if __name__ == "__main__":
    main()
