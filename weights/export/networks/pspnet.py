"""PSPNet in plain PyTorch, as in segmentation_models.pytorch (`PSPNet`), without the encoder's stages that it does not use.

    psp.blocks  averages over 1, 2, 3 and 6 bins each way, 1x1 to c/4 (BN but for the single bin), bilinear with aligned corners
    conv        of these and the feature, 1x1 to 512w

Source: Zhao et al. 2017.
"""

import torch
from torch import nn

from .network import Golden, Network, scaled
from .segmentation_models import EncoderDecoder, conv_unit


class Pooled(nn.Module):
    """[N, c_in, h, w] -> [N, c_out, h, w]."""

    def __init__(self, c_in, c_out, bins):
        super().__init__()
        unit = conv_unit(c_in, c_out, 1) if bins > 1 else nn.Sequential(nn.Conv2d(c_in, c_out, 1), nn.Identity(), nn.ReLU())
        self.pool = nn.Sequential(nn.AdaptiveAvgPool2d(bins), unit)

    def forward(self, x):
        return nn.functional.interpolate(self.pool(x), size=x.shape[2:], mode="bilinear", align_corners=True)


class Pyramid(nn.Module):
    def __init__(self, channels, bins):
        super().__init__()
        self.blocks = nn.ModuleList(Pooled(channels, max(1, channels // len(bins)), size) for size in bins)

    def forward(self, x):
        return torch.cat([block(x) for block in self.blocks] + [x], dim=1)


class Decoder(nn.Module):
    """The feature at 1/8 -> [N, 512w, H/8, W/8]."""

    def __init__(self, channels, width):
        super().__init__()
        (c_in,) = channels
        self.c_out = scaled(512, width)
        self.psp = Pyramid(c_in, (1, 2, 3, 6))
        self.conv = conv_unit(c_in + 4 * max(1, c_in // 4), self.c_out, 1)

    def forward(self, features):
        (x,) = features
        return self.conv(self.psp(x))


class PSPNet(EncoderDecoder, Network):
    """image [N, in_channels, H, W] -> logits [N, classes, H, W]; H and W multiples of 8."""

    NAME = "pspnet"
    MULTIPLE = 8
    RECORDED_TYPES = (nn.Conv2d, nn.BatchNorm2d, nn.AdaptiveAvgPool2d, nn.MaxPool2d)
    GOLDENS = {
        "pspnet-w24-gradients": Golden(
            dict(width=1 / 24, in_channels=1, encoder="vgg16"), (1, 1, 24, 40), seed=0, finest=4, gradients=True
        ),
    }

    def __init__(self, classes=2, width=1.0, in_channels=3, encoder="resnet50"):
        super().__init__()
        options = dict(classes=classes, width=width, in_channels=in_channels, encoder=encoder)
        self.add_parts(options, (8,), Decoder, kernel=3, upsampling=8)
