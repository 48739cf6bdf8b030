"""LinkNet in plain PyTorch, as in segmentation_models.pytorch (`Linknet`). Source: Chaurasia and Culurciello 2017.

    blocks 0-4  1x1 to c/4, transposed 4x4 /2, 1x1 to the channels of the next feature, which is added; the last gives 32w at H
"""

from torch import nn

from .network import Golden, Network, scaled
from .segmentation_models import EncoderDecoder, conv_unit


class Block(nn.Module):
    """[N, c_in, h, w] (+ skip) -> [N, c_out, 2h, 2w]."""

    def __init__(self, c_in, c_out):
        super().__init__()
        middle = max(1, c_in // 4)
        doubled = nn.Sequential(nn.ConvTranspose2d(middle, middle, 4, 2, padding=1), nn.BatchNorm2d(middle), nn.ReLU())
        self.block = nn.Sequential(conv_unit(c_in, middle, 1), doubled, conv_unit(middle, c_out, 1))

    def forward(self, x, skip):
        x = self.block(x)
        return x if skip is None else x + skip


class Decoder(nn.Module):
    """Features at 1/2 .. 1/32 -> [N, 32w, H, W]."""

    def __init__(self, channels, width):
        super().__init__()
        last, *others = [*channels[::-1], scaled(32, width)]
        self.blocks = nn.ModuleList(Block(c_in, c_out) for c_in, c_out in zip([last, *others], others))
        self.c_out = others[-1]

    def forward(self, features):
        x, *skips = features[::-1]
        for block, skip in zip(self.blocks, [*skips, None]):
            x = block(x, skip)
        return x


class Linknet(EncoderDecoder, Network):
    """image [N, in_channels, H, W] -> logits [N, classes, H, W]; H and W multiples of 32."""

    NAME = "linknet"
    MULTIPLE = 32
    GOLDENS = {
        "linknet-w40-gradients": Golden(
            dict(width=1 / 40, in_channels=1, encoder="vgg16-bn"), (1, 1, 32, 64), seed=3, finest=4, gradients=True
        ),
    }

    def __init__(self, classes=2, width=1.0, in_channels=3, encoder="resnet50"):
        super().__init__()
        options = dict(classes=classes, width=width, in_channels=in_channels, encoder=encoder)
        self.add_parts(options, (2, 4, 8, 16, 32), Decoder, kernel=1, upsampling=1)
