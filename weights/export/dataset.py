"""Sagittal slices of the lumbar spine with masks of the vertebral bodies, and their augmentation.

Layout of the data folder (it is read in place, never copied):
    lumbar-mri/split.json                    {"train": ["VB1/02", ...], "val": [...]}, by volume
    lumbar-mri/VB1/02_15_img.png, _lab.png   8-bit grey at 1 mm, head up, belly left; label > 0 = a body
VB1, VB2, VB3 label vertebral bodies, each its own range of them; IVD labels discs only and is not used.
Phantoms: seed-<n>.nii.gz with seed-<n>-truth.nii.gz, truth 1 = vertebral body. Seed 0 is kept for
evaluation and never trained on.
"""

import json
import re
from dataclasses import dataclass
from pathlib import Path

import nibabel
import numpy as np
import torch
from PIL import Image
from torch.nn import functional

SETS = ("VB1", "VB2", "VB3")
PHANTOM = "phantom"
WHOLE_SHARE = 0.7  # of the slices that fit into the crop


@dataclass
class Slice:
    """One image: grey [H, W] float32 in its own units, mask [H, W] uint8 with 1 = vertebral body."""

    set: str
    volume: str
    name: str
    grey: np.ndarray
    mask: np.ndarray


def load_slices(data, part):
    """All slices of VB1..VB3 in `part` ("train" or "val") of the split, in the order of their names."""
    root = Path(data) / "lumbar-mri"
    slices = []
    for volume in json.loads((root / "split.json").read_text())[part]:
        set_name, number = volume.split("/")
        if set_name not in SETS:
            continue
        paths = sorted((root / set_name).glob(f"{number}_*_img.png"))
        if not paths:
            raise FileNotFoundError(f"{root / set_name}: no slices of volume {number}")
        for path in paths:
            grey = np.asarray(Image.open(path).convert("L"), dtype=np.float32)
            label = np.asarray(Image.open(path.with_name(path.name.replace("_img", "_lab"))))
            name = f"{set_name}/{path.name.removesuffix('_img.png')}"
            slices.append(Slice(set_name, volume, name, grey, (label > 0).astype(np.uint8)))
    return slices


def load_phantoms(folder, evaluation=False):
    """Sagittal slices of the phantoms in `folder`: seed 0 for evaluation, all others for training."""
    slices = []
    for path in sorted(Path(folder).glob("seed-*.nii.gz")):
        match = re.fullmatch(r"seed-(\d+)\.nii\.gz", path.name)
        truth = path.with_name(path.name.replace(".nii.gz", "-truth.nii.gz"))
        if not match or not truth.exists() or (int(match[1]) == 0) != evaluation:
            continue
        greys = sagittal_slices(path, "bilinear")
        masks = sagittal_slices(truth, "nearest")
        for index, (grey, label) in enumerate(zip(greys, masks, strict=True)):
            volume = f"{PHANTOM}/seed-{match[1]}"
            slices.append(Slice(PHANTOM, volume, f"{volume}_{index:03d}", grey, (label == 1).astype(np.uint8)))
    return slices


def sagittal_slices(path, mode):
    """Slices [S, I-P rows, A-P columns] of a NIfTI volume at 1 mm in-plane: head up, belly left."""
    image = nibabel.as_closest_canonical(nibabel.load(path))  # axes now point right, anterior, superior
    volume = np.asarray(image.dataobj, dtype=np.float32)
    _, anterior_mm, superior_mm = image.header.get_zooms()[:3]
    slices = torch.from_numpy(volume.transpose(0, 2, 1)[:, ::-1, ::-1].copy())
    size = (round(slices.shape[1] * float(superior_mm)), round(slices.shape[2] * float(anterior_mm)))
    if size != tuple(slices.shape[1:]):
        align = {} if mode == "nearest" else {"align_corners": False}
        slices = functional.interpolate(slices[:, None], size=size, mode=mode, **align)[:, 0]
    return slices.numpy()


def normalize(grey):
    """z-score over all pixels of the slice: population deviation in float64; a flat slice gives zeros."""
    values = grey.astype(np.float64)
    deviation = values.std()
    if deviation == 0:
        return np.zeros(grey.shape, dtype=np.float32)
    return ((values - values.mean()) / deviation).astype(np.float32)


def preprocess(grey, network):
    """grey [H, W] -> network input [1, C, H', W']: normalised, then padded with zeros at the bottom and right to
    the sizes that the network takes; the grey channel as often as it has channels."""
    image = torch.from_numpy(normalize(grey))
    multiple, least = network.MULTIPLE, network.least_size
    height, width = (max(least, -(-n // multiple) * multiple) for n in image.shape)
    padded = functional.pad(image, (0, width - image.shape[1], 0, height - image.shape[0]))
    return padded.expand(1, network.options["in_channels"], height, width)


def augment(item, crop, rng):
    """A random view of a slice: (image [crop, crop] float32, mask [crop, crop] int64).

    The paper's contrast, brightness, rotation within 10 degrees and horizontal flip; beside them
    (our choice) gamma, noise, a scale of 0.8 to 1.25 and a random place of the crop. Most slices that
    fit are shown whole instead, about where `preprocess` puts them: which bodies a set labels can be
    told only from where they lie in the image.
    """
    grey = item.grey
    if rng.random() < 0.5:
        low, high = float(grey.min()), float(grey.max()) + 1e-6
        gamma = float(np.exp(rng.uniform(-0.5, 0.5)))
        grey = ((grey - low) / (high - low)) ** gamma
    image = normalize(grey) * float(rng.uniform(0.75, 1.3)) + float(rng.uniform(-0.25, 0.25))
    if rng.random() < 0.3:
        image += rng.standard_normal(image.shape, dtype=np.float32) * float(rng.uniform(0, 0.15))
    stack = torch.from_numpy(np.stack([image, item.mask]))[None]
    grid = view_grid(item, crop, rng)
    view = functional.grid_sample(stack[:, :1], grid, mode="bilinear", align_corners=False)[0, 0]
    mask = functional.grid_sample(stack[:, 1:], grid, mode="nearest", align_corners=False)[0, 0]
    return view, mask.long()


def view_grid(item, crop, rng):
    """The sampling grid [1, crop, crop, 2] of a rotated, scaled, flipped and shifted crop."""
    height, width = item.mask.shape
    angle = np.radians(rng.uniform(-10, 10))
    flip = -1.0 if rng.random() < 0.5 else 1.0
    if max(width, height) <= crop and rng.random() < WHOLE_SHARE:
        scale = np.exp(rng.uniform(np.log(0.92), np.log(1.08)))
        centre = [crop / 2 + rng.uniform(-8, 8) for _ in range(2)]
        if flip < 0:
            centre[0] = width - centre[0]
    else:
        scale = np.exp(rng.uniform(np.log(0.8), np.log(1.25)))
        centre = []  # of the crop, in pixels of the slice: inside it, with a margin of up to 16 pixels outside
        for size in (width, height):
            slack = abs(size - crop * scale) / 2 + 16
            centre.append(size / 2 + rng.uniform(-slack, slack))
    cos, sin = np.cos(angle) * crop * scale, np.sin(angle) * crop * scale
    across = ((np.arange(crop, dtype=np.float32) + 0.5) / crop * 2 - 1)[None, :]  # pixel centres, -1 to 1
    down = across.T
    x = (flip * cos * across - sin * down + 2 * centre[0]) / width - 1
    y = (flip * sin * across + cos * down + 2 * centre[1]) / height - 1
    return torch.from_numpy(np.stack([x, y], axis=-1).astype(np.float32))[None]


class Sampler:
    """Draws training batches; sets are drawn by weight, slices of a set uniformly."""

    def __init__(self, slices, shares, seed):
        self.rng = np.random.default_rng(seed)
        self.groups = [[item for item in slices if item.set == name] for name in shares]
        weights = np.array([share if group else 0 for share, group in zip(shares.values(), self.groups)])
        self.weights = weights / weights.sum()

    def batch(self, count, crop):
        """(images [count, 3, crop, crop], masks [count, crop, crop])"""
        views = []
        for group in self.rng.choice(len(self.groups), size=count, p=self.weights):
            items = self.groups[group]
            views.append(augment(items[self.rng.integers(len(items))], crop, self.rng))
        images = torch.stack([view for view, _ in views])[:, None].repeat(1, 3, 1, 1)
        return images, torch.stack([mask for _, mask in views])
