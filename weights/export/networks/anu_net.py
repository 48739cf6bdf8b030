"""ANU-Net in plain PyTorch: UNet++ (unet_plus_plus.py) with a gate on each skip, and transposed convolutions up.

Source: Li et al. 2020, sections 3.1 to 3.5. (Our choice): widths of UNet++, 2x2 transposed convolutions to the width of the skip,
gates half as wide. Names are ours, after UNet++'s.
"""

import torch
from torch import nn

from .attention_unet import AttentionGate, half
from .network import Golden, Network, scaled
from .unet_plus_plus import LEVELS, Unit, nodes


class AnuNet(Network):
    """image [N, in_channels, H, W] -> (logits, final1, final2, final3), [N, classes, H, W] each, those of the last decoder first; H
    and W multiples of 16."""

    NAME = "anu-net"
    MULTIPLE = 16
    LOGITS = "final4"
    HEADS = ("logits", "final1", "final2", "final3")
    RECORDED_TYPES = (AttentionGate,)
    RECORDED_NAMES = tuple(f"conv{i}_{j}.bn2" for i, j in nodes())
    GOLDENS = {
        "anu-net-w16-gradients": Golden(
            dict(width=1 / 16, in_channels=1), (1, 1, 16, 32), seed=9, gradients=True, finest=2
        ),
    }

    def __init__(self, classes=2, width=1.0, in_channels=3):
        super().__init__()
        self.options = dict(classes=classes, width=width, in_channels=in_channels)
        c = [scaled(channels, width) for channels in (32, 64, 128, 256, 512)]
        self.pool = nn.MaxPool2d(2)
        for i, j in nodes():
            if j:
                self.add_module(f"up{i}_{j}", nn.ConvTranspose2d(c[i + 1], c[i], 2, 2))
                gates = nn.ModuleList(AttentionGate(c[i], c[i], half(c[i])) for _ in range(j))
                self.add_module(f"att{i}_{j}", gates)
            c_in = c[i] * (j + 1) if j else (c[i - 1] if i else in_channels)
            self.add_module(f"conv{i}_{j}", Unit(c_in, c[i]))
        for j in range(1, LEVELS + 1):
            self.add_module(f"final{j}", nn.Conv2d(c[0], classes, 1))

    def forward(self, image):
        self.check_size(image)
        x = {}
        for i, j in nodes():
            if j:
                g = self.get_submodule(f"up{i}_{j}")(x[i + 1, j - 1])
                gates = self.get_submodule(f"att{i}_{j}")
                inputs = torch.cat([*(gate(g, x[i, k]) for k, gate in enumerate(gates)), g], dim=1)
            else:
                inputs = self.pool(x[i - 1, 0]) if i else image
            x[i, j] = self.get_submodule(f"conv{i}_{j}")(inputs)
        return self.final4(x[0, 4]), self.final1(x[0, 1]), self.final2(x[0, 2]), self.final3(x[0, 3])
