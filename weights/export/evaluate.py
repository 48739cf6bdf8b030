"""DSC of the vertebral bodies per validation set, in float32 on the CPU.

DSC = 2 |A and B| / (|A| + |B|). "pooled" counts the pixels of all validation slices of a set together (the
headline); "perVolume" is the mean over the set's volumes of each volume's pooled DSC. "all" takes every
slice of VB1..VB3 together. Phantoms, if given, are scored on seed 0 alone, which is never trained on.
"""

import argparse
import contextlib
import json
import math
import sys

import torch

from dataset import PHANTOM, load_phantoms, load_slices, preprocess
from weights_file import read_weights


@torch.no_grad()
def predict(network, grey):
    """Class map [H, W] of a slice [H, W]: argmax of the logits, the first maximum on a tie."""
    height, width = grey.shape
    image = preprocess(grey, network).contiguous(memory_format=torch.channels_last)
    return network(image)[0, :, :height, :width].float().argmax(dim=0)


def count_pixels(network, item):
    """Counts of one slice: pixels predicted, pixels true, pixels both."""
    predicted = predict(network, item.grey) == 1
    truth = torch.from_numpy(item.mask) == 1
    return {
        "set": item.set, "volume": item.volume, "image": item.name,
        "predicted": int(predicted.sum()), "truth": int(truth.sum()), "intersection": int((predicted & truth).sum()),
    }


def dice(counts):
    """DSC of counts pooled; 1 if neither side has a pixel."""
    total = sum(row["predicted"] + row["truth"] for row in counts)
    return 2 * sum(row["intersection"] for row in counts) / total if total else 1.0


def group(counts, key):
    groups = {}
    for row in counts:
        groups.setdefault(row[key], []).append(row)
    return groups


def dice_per_set(counts):
    """{set: {"pooled", "perVolume", "volumes", "slices"}}"""
    result = {}
    for name, rows in group(counts, "set").items():
        volumes = group(rows, "volume").values()
        mean = sum(dice(volume) for volume in volumes) / len(volumes)
        result[name] = {"pooled": dice(rows), "perVolume": mean, "volumes": len(volumes), "slices": len(rows)}
    return result


def class_weight_shift(share, alpha):
    """alpha log((1 - share) / share): how much the class weights of the loss raise the foreground's logit.

    Trained with weights (1 - S_c)^alpha, the odds of a two-class network are those of the data times
    (S_0 / S_1)^alpha, which makes argmax favour the small class. Lowering the foreground's logit by this gives the
    data's own odds back; `share` is S_1 as measured on the training batches, so nothing is fitted to validation data.
    """
    return alpha * math.log((1 - share) / share)


@contextlib.contextmanager
def undo_class_weights(network, share, alpha):
    """Lowers the foreground logit of a two-class network by `class_weight_shift` inside the block."""
    bias = network.logits_layer.bias
    before = bias.detach().clone()
    with torch.no_grad():
        bias[1] -= class_weight_shift(share, alpha)
    try:
        yield
    finally:
        with torch.no_grad():
            bias.copy_(before)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--weights", required=True, help="a file written by export.py")
    parser.add_argument("--data", required=True, help="folder with lumbar-mri/")
    parser.add_argument("--phantoms", help="folder with seed-0.nii.gz and seed-0-truth.nii.gz")
    parser.add_argument("--json", action="store_true", help="JSON with every image's counts on standard output")
    arguments = parser.parse_args()

    network, _ = read_weights(arguments.weights)
    network.to(memory_format=torch.channels_last)
    items = load_slices(arguments.data, "val")
    if arguments.phantoms:
        items += load_phantoms(arguments.phantoms, evaluation=True)
    counts = []
    for item in items:
        counts.append(count_pixels(network, item))
        print(f"\r{len(counts)}/{len(items)}", end="", file=sys.stderr, flush=True)
    print(file=sys.stderr)
    real = [row for row in counts if row["set"] != PHANTOM]
    result = {**dice_per_set(counts), "all": dice_per_set([{**row, "set": "all"} for row in real])["all"]}
    if arguments.json:
        print(json.dumps({"weights": arguments.weights, "sets": result, "images": counts}, indent=1))
        return
    print(f"{'set':8} {'volumes':>7} {'slices':>6}  pooled   perVolume")
    for name, row in result.items():
        print(f"{name:8} {row['volumes']:7} {row['slices']:6}  {row['pooled']:.5f}  {row['perVolume']:.5f}")


if __name__ == "__main__":
    main()
