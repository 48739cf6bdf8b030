"""LumNet in plain PyTorch: a VGG-11 encoder and a U-Net decoder with attention in its skips.

No code is public. Choices (ours): the gates of Attention U-Net, and its decoder: nearest x2 and a 3x3 convolution, two more on
(gated skip, up). The encoder's names are torchvision's (`vgg11`), the decoder's those of `AttU_Net` in
https://github.com/LeeJunHyun/Image_Segmentation.

    features    VGG-11 without batch norm and its last pool     64w at H .. 512w at H/16
    Up5-2       to the size and channels of the skip
    Att5-2      skip * sigmoid(psi(relu(W_g up + W_x skip)))    inner channels: half
    Up_conv5-2  two 3x3 convolutions, BN and ReLU each
    Conv_1x1    logits [N, classes, H, W]
"""

import torch
from torch import nn

from .encoders import ENCODERS
from .network import Golden, Network, scaled
from .unet import ConvBlock, Up


class Gate(nn.Module):
    """skip [N, c, H, W], weighted by a map [N, 1, H, W] of it and of what comes from below."""

    def __init__(self, channels):
        super().__init__()
        inner = max(1, channels // 2)
        self.W_g = nn.Sequential(nn.Conv2d(channels, inner, 1), nn.BatchNorm2d(inner))
        self.W_x = nn.Sequential(nn.Conv2d(channels, inner, 1), nn.BatchNorm2d(inner))
        self.psi = nn.Sequential(nn.Conv2d(inner, 1, 1), nn.BatchNorm2d(1), nn.Sigmoid())

    def forward(self, below, skip):
        return skip * self.psi(torch.relu(self.W_g(below) + self.W_x(skip)))


class LumNet(Network):
    """image [N, in_channels, H, W] -> logits [N, classes, H, W]; H and W multiples of 16."""

    NAME = "lumnet"
    MULTIPLE = 16
    LOGITS = "Conv_1x1"
    RECORDED_TYPES = (nn.Conv2d, nn.BatchNorm2d)
    GOLDENS = {
        "lumnet-w40-gradients": Golden(dict(width=1 / 40, in_channels=1), (1, 1, 16, 32), seed=0, finest=2, gradients=True),
    }

    def __init__(self, classes=2, width=1.0, in_channels=3):
        super().__init__()
        self.options = dict(classes=classes, width=width, in_channels=in_channels)
        self.features = ENCODERS["vgg11"](in_channels, width, 16).features
        c1, c2, c3, c4, c5 = (scaled(channels, width) for channels in (64, 128, 256, 512, 512))
        for number, c_in, c_out in ((5, c5, c4), (4, c4, c3), (3, c3, c2), (2, c2, c1)):
            self.add_module(f"Up{number}", Up(c_in, c_out, "nearest"))
            self.add_module(f"Att{number}", Gate(c_out))
            self.add_module(f"Up_conv{number}", ConvBlock(2 * c_out, c_out))
        self.Conv_1x1 = nn.Conv2d(c1, classes, 1)

    def forward(self, image):
        self.check_size(image)
        x, skips = image, []
        for layer in self.features:
            if isinstance(layer, nn.MaxPool2d):
                skips.append(x)
            x = layer(x)
        for number, skip in zip((5, 4, 3, 2), reversed(skips)):
            up = getattr(self, f"Up{number}")(x)
            gated = getattr(self, f"Att{number}")(up, skip)
            x = getattr(self, f"Up_conv{number}")(torch.cat([gated, up], dim=1))
        return self.Conv_1x1(x)
