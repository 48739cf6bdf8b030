"""U-Net with batch norm in plain PyTorch, under the names of the public version.

Source: Ronneberger et al. 2015; https://github.com/LeeJunHyun/Image_Segmentation, `U_Net`: its state_dict loads. Shapes are
[N, C, H, W]; `w` stands for the width multiplier.

    Conv1-5     two 3x3 convolutions with bias, BN and ReLU each   64w .. 1024w at H .. H/16, max pools between
    Up5-2       to the size of the map above, of half the channels
    Up_conv5-2  as Conv, on the map above and Up's
    Conv_1x1    logits [N, classes, H, W]
"""

import torch
from torch import nn

from .network import Golden, Network, scaled


def conv_unit(c_in, c_out):
    """3x3 convolution with bias, BN, ReLU."""
    return nn.Conv2d(c_in, c_out, 3, padding=1), nn.BatchNorm2d(c_out), nn.ReLU()


class ConvBlock(nn.Module):
    """[N, c_in, H, W] -> [N, c_out, H, W]."""

    def __init__(self, c_in, c_out):
        super().__init__()
        self.conv = nn.Sequential(*conv_unit(c_in, c_out), *conv_unit(c_out, c_out))

    def forward(self, x):
        return self.conv(x)


class Up(nn.Module):
    """[N, c_in, h, w] -> [N, c_out, 2h, 2w]: nearest and a convolution unit, or the paper's transposed convolution alone."""

    def __init__(self, c_in, c_out, up):
        super().__init__()
        self.up = (
            nn.ConvTranspose2d(c_in, c_out, 2, 2) if up == "transposed"
            else nn.Sequential(nn.Upsample(scale_factor=2), *conv_unit(c_in, c_out))
        )

    def forward(self, x):
        return self.up(x)


class UNet(Network):
    """image [N, in_channels, H, W] -> logits [N, classes, H, W]; H and W multiples of 16."""

    NAME = "unet"
    MULTIPLE = 16
    LOGITS = "Conv_1x1"
    RECORDED_TYPES = (nn.BatchNorm2d, nn.Upsample)
    GOLDENS = {
        # not square, grey, the smallest height, channels 2 to 32: every layer, and gradients
        "unet-w32-gradients": Golden(dict(width=1 / 32, in_channels=1), (1, 1, 16, 48), seed=0, gradients=True),
    }

    def __init__(self, classes=2, width=1.0, in_channels=3, up="nearest"):
        super().__init__()
        self.options = dict(classes=classes, width=width, in_channels=in_channels, up=up)
        c1, c2, c3, c4, c5 = (scaled(channels, width) for channels in (64, 128, 256, 512, 1024))
        self.Maxpool = nn.MaxPool2d(2)
        self.Conv1 = ConvBlock(in_channels, c1)
        self.Conv2 = ConvBlock(c1, c2)
        self.Conv3 = ConvBlock(c2, c3)
        self.Conv4 = ConvBlock(c3, c4)
        self.Conv5 = ConvBlock(c4, c5)
        self.Up5, self.Up_conv5 = Up(c5, c4, up), ConvBlock(c4 + c4, c4)
        self.Up4, self.Up_conv4 = Up(c4, c3, up), ConvBlock(c3 + c3, c3)
        self.Up3, self.Up_conv3 = Up(c3, c2, up), ConvBlock(c2 + c2, c2)
        self.Up2, self.Up_conv2 = Up(c2, c1, up), ConvBlock(c1 + c1, c1)
        self.Conv_1x1 = nn.Conv2d(c1, classes, 1)

    def forward(self, image):
        self.check_size(image)
        x1 = self.Conv1(image)
        x2 = self.Conv2(self.Maxpool(x1))
        x3 = self.Conv3(self.Maxpool(x2))
        x4 = self.Conv4(self.Maxpool(x3))
        x = self.Conv5(self.Maxpool(x4))
        x = self.Up_conv5(torch.cat([x4, self.Up5(x)], dim=1))
        x = self.Up_conv4(torch.cat([x3, self.Up4(x)], dim=1))
        x = self.Up_conv3(torch.cat([x2, self.Up3(x)], dim=1))
        x = self.Up_conv2(torch.cat([x1, self.Up2(x)], dim=1))
        return self.Conv_1x1(x)
