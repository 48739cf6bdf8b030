"""U-Net on an encoder in plain PyTorch, as in segmentation_models.pytorch (`Unet`). Source: Ronneberger et al. 2015.

    center      of VGG alone, whose last feature is no deeper than the one before: two 3x3 convolutions
    blocks 0-4  nearest x2, concatenated with the next feature, two 3x3 convolutions; 256w, 128w, 64w, 32w, 16w channels
"""

import torch
from torch import nn

from .network import Golden, Network, scaled
from .segmentation_models import EncoderDecoder, conv_unit


class Block(nn.Module):
    """[N, c_in, h, w] (, skip) -> [N, c_out, 2h, 2w]."""

    def __init__(self, c_in, c_skip, c_out):
        super().__init__()
        self.conv1 = conv_unit(c_in + c_skip, c_out, 3)
        self.conv2 = conv_unit(c_out, c_out, 3)

    def forward(self, x, skip):
        x = nn.functional.interpolate(x, scale_factor=2, mode="nearest")
        x = x if skip is None else torch.cat([x, skip], dim=1)
        return self.conv2(self.conv1(x))


class Decoder(nn.Module):
    """Features at 1/2 .. 1/32 -> [N, 16w, H, W]."""

    def __init__(self, channels, width):
        super().__init__()
        last, *skips = channels[::-1]
        outs = [scaled(c, width) for c in (256, 128, 64, 32, 16)]
        self.center = nn.Sequential(*(conv_unit(last, last, 3) for _ in range(2 if last == skips[0] else 0)))
        self.blocks = nn.ModuleList(Block(*given) for given in zip([last, *outs], [*skips, 0], outs))
        self.c_out = outs[-1]

    def forward(self, features):
        x, *skips = features[::-1]
        x = self.center(x)
        for block, skip in zip(self.blocks, [*skips, None]):
            x = block(x, skip)
        return x


class EncoderUNet(EncoderDecoder, Network):
    """image [N, in_channels, H, W] -> logits [N, classes, H, W]; H and W multiples of 32."""

    NAME = "encoder-unet"
    MULTIPLE = 32
    GOLDENS = {
        "encoder-unet-w40-gradients": Golden(
            dict(width=1 / 40, in_channels=1, encoder="resnet18"), (1, 1, 32, 64), seed=2, finest=4, gradients=True
        ),
        # most narrow networks of this encoder are dead somewhere; this one is alive
        "encoder-unet-w24-inception": Golden(
            dict(width=1 / 24, in_channels=1, encoder="inception-v4"), (1, 1, 32, 64), seed=15, finest=32
        ),
    }

    def __init__(self, classes=2, width=1.0, in_channels=3, encoder="resnet50"):
        super().__init__()
        options = dict(classes=classes, width=width, in_channels=in_channels, encoder=encoder)
        self.add_parts(options, (2, 4, 8, 16, 32), Decoder, kernel=3, upsampling=1)
