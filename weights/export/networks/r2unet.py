"""R2U-Net and Attention R2U-Net in plain PyTorch, under the names of the public version.

Source: Alom et al. 2018; https://github.com/LeeJunHyun/Image_Segmentation, `R2U_Net` and `R2AttU_Net`: their state_dicts load.
U-Net (unet.py) with recurrent residual units in place of its pairs of convolutions.
"""

import torch
from torch import nn

from .attention_unet import AttentionGate, half
from .network import Golden, Network, scaled
from .unet import Up, conv_unit


class RecurrentUnit(nn.Module):
    """y = conv(x), then y = conv(x + y) `steps` times: the same weights each time. [N, c, H, W] -> [N, c, H, W]."""

    def __init__(self, c, steps):
        super().__init__()
        self.steps = steps
        self.conv = nn.Sequential(*conv_unit(c, c))

    def forward(self, x):
        y = self.conv(x)
        for _ in range(self.steps):
            y = self.conv(x + y)
        return y


class RecurrentBlock(nn.Module):
    """A 1x1 convolution, then two recurrent units beside a shortcut. [N, c_in, H, W] -> [N, c_out, H, W]."""

    def __init__(self, c_in, c_out, steps):
        super().__init__()
        self.RCNN = nn.Sequential(RecurrentUnit(c_out, steps), RecurrentUnit(c_out, steps))
        self.Conv_1x1 = nn.Conv2d(c_in, c_out, 1)

    def forward(self, x):
        x = self.Conv_1x1(x)
        return x + self.RCNN(x)


def add_encoder(network, in_channels, channels, steps):
    """Maxpool, RRCNN1 .. RRCNN5."""
    network.Maxpool = nn.MaxPool2d(2)
    for i, (c_in, c_out) in enumerate(zip((in_channels, *channels), channels), start=1):
        network.add_module(f"RRCNN{i}", RecurrentBlock(c_in, c_out, steps))


def encode(network, image):
    x1 = network.RRCNN1(image)
    x2 = network.RRCNN2(network.Maxpool(x1))
    x3 = network.RRCNN3(network.Maxpool(x2))
    x4 = network.RRCNN4(network.Maxpool(x3))
    return x1, x2, x3, x4, network.RRCNN5(network.Maxpool(x4))


class R2UNet(Network):
    """image [N, in_channels, H, W] -> logits [N, classes, H, W]; H and W multiples of 16."""

    NAME = "r2unet"
    MULTIPLE = 16
    LOGITS = "Conv_1x1"
    RECORDED_TYPES = (nn.BatchNorm2d, RecurrentBlock)
    GOLDENS = {
        "r2unet-w32-gradients": Golden(dict(width=1 / 32, in_channels=1), (1, 1, 16, 32), seed=0, gradients=True),
    }

    def __init__(self, classes=2, width=1.0, in_channels=3, up="nearest", steps=2):
        super().__init__()
        self.options = dict(classes=classes, width=width, in_channels=in_channels, up=up, steps=steps)
        c1, c2, c3, c4, c5 = channels = [scaled(channels, width) for channels in (64, 128, 256, 512, 1024)]
        add_encoder(self, in_channels, channels, steps)
        self.Up5, self.Up_RRCNN5 = Up(c5, c4, up), RecurrentBlock(c4 + c4, c4, steps)
        self.Up4, self.Up_RRCNN4 = Up(c4, c3, up), RecurrentBlock(c3 + c3, c3, steps)
        self.Up3, self.Up_RRCNN3 = Up(c3, c2, up), RecurrentBlock(c2 + c2, c2, steps)
        self.Up2, self.Up_RRCNN2 = Up(c2, c1, up), RecurrentBlock(c1 + c1, c1, steps)
        self.Conv_1x1 = nn.Conv2d(c1, classes, 1)

    def forward(self, image):
        self.check_size(image)
        x1, x2, x3, x4, x = encode(self, image)
        x = self.Up_RRCNN5(torch.cat([x4, self.Up5(x)], dim=1))
        x = self.Up_RRCNN4(torch.cat([x3, self.Up4(x)], dim=1))
        x = self.Up_RRCNN3(torch.cat([x2, self.Up3(x)], dim=1))
        x = self.Up_RRCNN2(torch.cat([x1, self.Up2(x)], dim=1))
        return self.Conv_1x1(x)


class AttentionR2UNet(Network):
    """image [N, in_channels, H, W] -> logits [N, classes, H, W]; H and W multiples of 16."""

    NAME = "attention-r2unet"
    MULTIPLE = 16
    LOGITS = "Conv_1x1"
    RECORDED_TYPES = (RecurrentBlock, AttentionGate)
    RECORDED_NAMES = tuple(f"RRCNN{i}.RCNN.{j}.conv.1" for i in range(1, 6) for j in range(2))
    GOLDENS = {
        "attention-r2unet-w32-gradients": Golden(
            dict(width=1 / 32, in_channels=1), (1, 1, 16, 32), seed=0, gradients=True
        ),
    }

    def __init__(self, classes=2, width=1.0, in_channels=3, up="nearest", steps=2):
        super().__init__()
        self.options = dict(classes=classes, width=width, in_channels=in_channels, up=up, steps=steps)
        c1, c2, c3, c4, c5 = channels = [scaled(channels, width) for channels in (64, 128, 256, 512, 1024)]
        add_encoder(self, in_channels, channels, steps)
        self.Up5, self.Att5 = Up(c5, c4, up), AttentionGate(c4, c4, half(c4))
        self.Up_RRCNN5 = RecurrentBlock(c4 + c4, c4, steps)
        self.Up4, self.Att4 = Up(c4, c3, up), AttentionGate(c3, c3, half(c3))
        self.Up_RRCNN4 = RecurrentBlock(c3 + c3, c3, steps)
        self.Up3, self.Att3 = Up(c3, c2, up), AttentionGate(c2, c2, half(c2))
        self.Up_RRCNN3 = RecurrentBlock(c2 + c2, c2, steps)
        self.Up2, self.Att2 = Up(c2, c1, up), AttentionGate(c1, c1, half(c1))
        self.Up_RRCNN2 = RecurrentBlock(c1 + c1, c1, steps)
        self.Conv_1x1 = nn.Conv2d(c1, classes, 1)

    def forward(self, image):
        self.check_size(image)
        x1, x2, x3, x4, x = encode(self, image)
        g = self.Up5(x)
        x = self.Up_RRCNN5(torch.cat([self.Att5(g, x4), g], dim=1))
        g = self.Up4(x)
        x = self.Up_RRCNN4(torch.cat([self.Att4(g, x3), g], dim=1))
        g = self.Up3(x)
        x = self.Up_RRCNN3(torch.cat([self.Att3(g, x2), g], dim=1))
        g = self.Up2(x)
        x = self.Up_RRCNN2(torch.cat([self.Att2(g, x1), g], dim=1))
        return self.Conv_1x1(x)
