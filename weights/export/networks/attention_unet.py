"""Attention U-Net in plain PyTorch, under the names of the public version.

Source: Oktay et al. 2018; https://github.com/LeeJunHyun/Image_Segmentation, `AttU_Net`: its state_dict loads. U-Net (unet.py)
whose skips go through gates.
"""

import torch
from torch import nn

from .network import Golden, Network, scaled
from .unet import ConvBlock, Up


class AttentionGate(nn.Module):
    """g, x [N, c, H, W] -> x times a share [N, 1, H, W]; `g` is the decoder's map, `x` the skip."""

    def __init__(self, c_g, c_x, c_inner):
        super().__init__()
        self.W_g = nn.Sequential(nn.Conv2d(c_g, c_inner, 1), nn.BatchNorm2d(c_inner))
        self.W_x = nn.Sequential(nn.Conv2d(c_x, c_inner, 1), nn.BatchNorm2d(c_inner))
        self.psi = nn.Sequential(nn.Conv2d(c_inner, 1, 1), nn.BatchNorm2d(1), nn.Sigmoid())
        self.relu = nn.ReLU()

    def forward(self, g, x):
        return x * self.psi(self.relu(self.W_g(g) + self.W_x(x)))


def half(channels):
    return max(1, channels // 2)


class AttentionUNet(Network):
    """image [N, in_channels, H, W] -> logits [N, classes, H, W]; H and W multiples of 16."""

    NAME = "attention-unet"
    MULTIPLE = 16
    LOGITS = "Conv_1x1"
    RECORDED_TYPES = (nn.BatchNorm2d, nn.Sigmoid, AttentionGate)
    GOLDENS = {
        "attention-unet-w32-gradients": Golden(
            dict(width=1 / 32, in_channels=1), (1, 1, 16, 32), seed=3, gradients=True
        ),
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
        self.Up5, self.Att5, self.Up_conv5 = Up(c5, c4, up), AttentionGate(c4, c4, half(c4)), ConvBlock(c4 + c4, c4)
        self.Up4, self.Att4, self.Up_conv4 = Up(c4, c3, up), AttentionGate(c3, c3, half(c3)), ConvBlock(c3 + c3, c3)
        self.Up3, self.Att3, self.Up_conv3 = Up(c3, c2, up), AttentionGate(c2, c2, half(c2)), ConvBlock(c2 + c2, c2)
        self.Up2, self.Att2, self.Up_conv2 = Up(c2, c1, up), AttentionGate(c1, c1, half(c1)), ConvBlock(c1 + c1, c1)
        self.Conv_1x1 = nn.Conv2d(c1, classes, 1)

    def forward(self, image):
        self.check_size(image)
        x1 = self.Conv1(image)
        x2 = self.Conv2(self.Maxpool(x1))
        x3 = self.Conv3(self.Maxpool(x2))
        x4 = self.Conv4(self.Maxpool(x3))
        x = self.Conv5(self.Maxpool(x4))
        g = self.Up5(x)
        x = self.Up_conv5(torch.cat([self.Att5(g, x4), g], dim=1))
        g = self.Up4(x)
        x = self.Up_conv4(torch.cat([self.Att4(g, x3), g], dim=1))
        g = self.Up3(x)
        x = self.Up_conv3(torch.cat([self.Att3(g, x2), g], dim=1))
        g = self.Up2(x)
        x = self.Up_conv2(torch.cat([self.Att2(g, x1), g], dim=1))
        return self.Conv_1x1(x)
