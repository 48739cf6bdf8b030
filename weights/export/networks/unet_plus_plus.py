"""UNet++ in plain PyTorch, under the names of the public version.

Source: Zhou et al. 2018; https://github.com/4uiiurz1/pytorch-nested-unet, `NestedUNet`: its state_dict loads. Unit (i, j) is at
1 / 2^i of the image's size; it reads all (i, <j) and (i + 1, j - 1), doubled bilinearly with aligned corners.
"""

import torch
from torch import nn

from .network import Golden, Network, scaled

LEVELS = 4


def nodes():
    """(i, j) of every unit, in an order in which each comes after what it reads."""
    return [(i - j, j) for i in range(LEVELS + 1) for j in range(i + 1)]


class Unit(nn.Module):
    """Two 3x3 convolutions with bias, each with BN and ReLU: [N, c_in, H, W] -> [N, c_out, H, W]."""

    def __init__(self, c_in, c_out):
        super().__init__()
        self.relu = nn.ReLU()
        self.conv1 = nn.Conv2d(c_in, c_out, 3, padding=1)
        self.bn1 = nn.BatchNorm2d(c_out)
        self.conv2 = nn.Conv2d(c_out, c_out, 3, padding=1)
        self.bn2 = nn.BatchNorm2d(c_out)

    def forward(self, x):
        x = self.relu(self.bn1(self.conv1(x)))
        return self.relu(self.bn2(self.conv2(x)))


class UNetPlusPlus(Network):
    """image [N, in_channels, H, W] -> logits [N, classes, H, W], with deep supervision (logits, final1, final2, final3), those of
    the last decoder first; H and W multiples of 16."""

    NAME = "unet-plus-plus"
    MULTIPLE = 16
    RECORDED_TYPES = (nn.BatchNorm2d,)
    GOLDENS = {
        "unet-plus-plus-w16-gradients": Golden(
            dict(width=1 / 16, in_channels=1, deep_supervision=True), (1, 1, 16, 32), seed=3, gradients=True, finest=2
        ),
    }

    def __init__(self, classes=2, width=1.0, in_channels=3, deep_supervision=False):
        super().__init__()
        self.options = dict(classes=classes, width=width, in_channels=in_channels, deep_supervision=deep_supervision)
        self.LOGITS = "final4" if deep_supervision else "final"
        self.HEADS = ("logits", "final1", "final2", "final3") if deep_supervision else ("logits",)
        c = [scaled(channels, width) for channels in (32, 64, 128, 256, 512)]
        self.pool = nn.MaxPool2d(2)
        self.up = nn.Upsample(scale_factor=2, mode="bilinear", align_corners=True)
        for i, j in nodes():
            c_in = c[i] * j + c[i + 1] if j else (c[i - 1] if i else in_channels)
            self.add_module(f"conv{i}_{j}", Unit(c_in, c[i]))
        for name in [f"final{j}" for j in range(1, LEVELS + 1)] if deep_supervision else ["final"]:
            self.add_module(name, nn.Conv2d(c[0], classes, 1))

    def forward(self, image):
        self.check_size(image)
        x = {}
        for i, j in nodes():
            if j:
                inputs = torch.cat([*(x[i, k] for k in range(j)), self.up(x[i + 1, j - 1])], dim=1)
            else:
                inputs = self.pool(x[i - 1, 0]) if i else image
            x[i, j] = self.get_submodule(f"conv{i}_{j}")(inputs)
        if not self.options["deep_supervision"]:
            return self.final(x[0, 4])
        return self.final4(x[0, 4]), self.final1(x[0, 1]), self.final2(x[0, 2]), self.final3(x[0, 3])
