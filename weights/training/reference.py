"""Trains what a configuration of `atrous train` says in PyTorch, so that both learning curves can be laid side by side.

    python3 weights/training/reference.py CONFIG.json OUT.jsonl

It knows as much of the configuration as the ones in this folder use: MSFF-ResNet18, folders of PNG pairs under fit
"stretch" without augmentation, the size-adaptive loss, AdamW and the cosine schedule. One line of OUT.jsonl per epoch:
mean loss of its steps, and the validation's pooled DSC, as in the log of `atrous train`.
"""

import fnmatch
import json
import math
import re
import sys
import time
from pathlib import Path

import numpy as np
import torch
from PIL import Image
from torch.nn import functional

sys.path.insert(0, str(Path(__file__).parents[1] / "export"))
from networks import MsffResNet18  # noqa: E402
from train import size_adaptive_loss  # noqa: E402


def class_of(label, classes):
    for labels, target in classes.items():
        first, _, last = labels.partition("-")
        if int(first) <= label <= int(last or first):
            return target
    raise SystemExit(f"label {label} has no class")


def read_pair(image_path, label_path, size, classes):
    """(image [1, H, W] by z-score, labels [H, W]), stretched to the size."""
    image = torch.from_numpy(np.asarray(Image.open(image_path)).astype(np.float32))[None, None]
    labels = np.asarray(Image.open(label_path))
    table = np.zeros(256, np.int64)
    for label in np.unique(labels):
        table[label] = class_of(int(label), classes)
    targets = torch.from_numpy(table[labels].astype(np.float32))[None, None]
    image = (image - image.mean()) / image.std(correction=0)
    image = functional.interpolate(image, size, mode="bilinear")
    return image[0], functional.interpolate(targets, size, mode="nearest-exact")[0, 0].long()


def load(config, base):
    """{part: (images [n, 1, H, W], labels [n, H, W])}"""
    [source] = config["data"]["sources"]
    folder, size = base / source["folder"], config["data"]["size"]
    split = json.loads((base / config["data"]["split"]["file"]).read_text())
    parts = {"train": [], "val": []}
    for path in sorted(folder.rglob("*.png")):
        name = path.relative_to(folder).as_posix()
        if not fnmatch.fnmatch(name, source["images"]):
            continue
        subject = re.match(source["subject"], name).group(1)
        part = next((part for part in parts if subject in split[part]), None)
        if part:
            label_path = path.with_name(path.name.replace("_img", "_lab"))
            parts[part].append(read_pair(path, label_path, size, source["classes"]))
    return {part: tuple(torch.stack(tensors) for tensors in zip(*pairs, strict=True)) for part, pairs in parts.items()}


@torch.no_grad()
def pooled_dice(network, images, labels, classes, batch):
    """DSC of each class but the background, over all pixels."""
    network.eval()
    maps = torch.cat([network(chunk).argmax(1) for chunk in images.split(batch)])
    network.train()
    return [
        2 * ((maps == c) & (labels == c)).sum().item() / ((maps == c).sum() + (labels == c).sum()).item()
        for c in range(1, classes)
    ]


def main(path, out):
    config = json.loads(Path(path).read_text())
    torch.manual_seed(config["seed"])
    data = load(config, Path(path).parent)
    options = config["network"]
    network = MsffResNet18(options["classes"], width=options["width"], in_channels=options["inChannels"]).train()
    given = config["optimizer"]
    optimizer = torch.optim.AdamW(network.parameters(), lr=given["rate"], weight_decay=given["weightDecay"])
    images, labels = data["train"]
    alpha, batch, epochs = config["losses"][0]["alpha"], config["batch"], config["epochs"]
    began = time.monotonic()
    with open(out, "w") as log:
        for epoch in range(epochs):
            for group in optimizer.param_groups:
                group["lr"] = given["rate"] * (1 + math.cos(math.pi * epoch / epochs)) / 2
            losses = []
            for chosen in torch.randperm(len(images)).split(batch):
                if len(chosen) < batch:
                    break
                loss, _ = size_adaptive_loss(network(images[chosen]), labels[chosen], alpha)
                optimizer.zero_grad()
                loss.backward()
                optimizer.step()
                losses.append(loss.item())
            dice = pooled_dice(network, *data["val"], options["classes"], batch)
            record = dict(epoch=epoch + 1, loss=sum(losses) / len(losses), dsc=dice, seconds=time.monotonic() - began)
            print(json.dumps(record), file=log, flush=True)


if __name__ == "__main__":
    main(*sys.argv[1:])
