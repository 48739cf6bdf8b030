"""FPN in plain PyTorch, as in segmentation_models.pytorch (`FPN`). Source: Kirillov et al. 2019.

    p5 .. p2     1x1 with bias to 256w channels; each level is the one above, doubled by nearest neighbours, plus its feature's
    seg_blocks   3x3, group norm, ReLU, bilinear x2 with aligned corners, until all have H/4; 128w channels, added up
"""

import torch
from torch import nn

from .network import Golden, Network, scaled
from .segmentation_models import EncoderDecoder


class Lateral(nn.Module):
    def __init__(self, c_in, c_out):
        super().__init__()
        self.skip_conv = nn.Conv2d(c_in, c_out, 1)

    def forward(self, above, feature):
        return nn.functional.interpolate(above, scale_factor=2, mode="nearest") + self.skip_conv(feature)


class NormedUnit(nn.Module):
    """3x3 convolution without bias, group norm of four channels to a group, ReLU, and x2 if `up`."""

    def __init__(self, c_in, groups, up):
        super().__init__()
        self.block = nn.Sequential(
            nn.Conv2d(c_in, 4 * groups, 3, padding=1, bias=False), nn.GroupNorm(groups, 4 * groups), nn.ReLU()
        )
        self.up = up

    def forward(self, x):
        x = self.block(x)
        return nn.functional.interpolate(x, scale_factor=2, mode="bilinear", align_corners=True) if self.up else x


class SegmentationBlock(nn.Module):
    def __init__(self, c_in, groups, ups):
        super().__init__()
        units = [NormedUnit(c_in, groups, ups > 0)]
        units += [NormedUnit(4 * groups, groups, True) for _ in range(ups - 1)]
        self.block = nn.Sequential(*units)

    def forward(self, x):
        return self.block(x)


class Decoder(nn.Module):
    """Features at 1/4 .. 1/32 -> [N, c_out, H/4, W/4]."""

    def __init__(self, channels, width):
        super().__init__()
        c2, c3, c4, c5 = channels
        pyramid, groups = scaled(256, width), scaled(32, width)
        self.p5 = nn.Conv2d(c5, pyramid, 1)
        self.p4 = Lateral(c4, pyramid)
        self.p3 = Lateral(c3, pyramid)
        self.p2 = Lateral(c2, pyramid)
        self.seg_blocks = nn.ModuleList(SegmentationBlock(pyramid, groups, ups) for ups in (3, 2, 1, 0))
        self.c_out = 4 * groups

    def forward(self, features):
        c2, c3, c4, c5 = features
        p5 = self.p5(c5)
        p4 = self.p4(p5, c4)
        p3 = self.p3(p4, c3)
        p2 = self.p2(p3, c2)
        return torch.stack([block(p) for block, p in zip(self.seg_blocks, (p5, p4, p3, p2))]).sum(dim=0)


class FPN(EncoderDecoder, Network):
    """image [N, in_channels, H, W] -> logits [N, classes, H, W]; H and W multiples of 32."""

    NAME = "fpn"
    MULTIPLE = 32
    GOLDENS = {
        # bottleneck blocks, grey, not square
        "fpn-w40-gradients": Golden(dict(width=1 / 40, in_channels=1), (1, 1, 32, 64), seed=5, finest=8, gradients=True),
    }

    def __init__(self, classes=2, width=1.0, in_channels=3, encoder="resnet50"):
        super().__init__()
        options = dict(classes=classes, width=width, in_channels=in_channels, encoder=encoder)
        self.add_parts(options, (4, 8, 16, 32), Decoder, kernel=1, upsampling=4)
