"""MSFF-ResNet18 in plain PyTorch: the network whose weights and numbers atrous is checked against.

Written to be read beside the engine's own model file: one class per box of the paper's figure, no
factories, no in-place operations. Shapes are [N, C, H, W]; `w` stands for the width multiplier.

    stem      conv 7x7/2, BN, ReLU                  [N, 64w, H/2, W/2]     called x0
    maxpool   3x3/2                                 [N, 64w, H/4, W/4]
    layer1-4  two basic blocks each                 64w, 128w, 256w, 512w at H/4, H/8, H/16, H/32
    msff      eight parallel branches, projected    [N, 512w, H/32, W/32]
    decoder4-1 each doubles H and W, then joins the encoder map of that size
    head      to full size                          [N, classes, H, W] logits

Source: the lumbar-spine MSFF paper (multi-scale feature fusion, size-adaptive loss); the encoder is
torchvision's resnet18 (He 2016) under torchvision's parameter names. Where the paper is silent, the
choice is marked (our choice).
"""

import torch
from torch import nn

from .encoders import BasicBlock, residual_layer
from .network import Golden, Network, scaled


class ConvUnit(nn.Module):
    """1x1 convolution, BN, ReLU: [N, c_in, H, W] -> [N, c_out, H, W]."""

    def __init__(self, c_in, c_out):
        super().__init__()
        self.conv = nn.Conv2d(c_in, c_out, 1, bias=False)
        self.bn = nn.BatchNorm2d(c_out)
        self.relu = nn.ReLU()

    def forward(self, x):
        return self.relu(self.bn(self.conv(x)))


class AtrousBranch(nn.Module):
    """1x1 reduction, depthwise 3x3 at `rate`, pointwise 1x1; BN and ReLU after each."""

    def __init__(self, c_in, c_branch, rate):
        super().__init__()
        self.reduce = nn.Conv2d(c_in, c_branch, 1, bias=False)
        self.bn1 = nn.BatchNorm2d(c_branch)
        self.depthwise = nn.Conv2d(
            c_branch, c_branch, 3, padding=rate, dilation=rate, groups=c_branch, bias=False
        )
        self.bn2 = nn.BatchNorm2d(c_branch)
        self.pointwise = nn.Conv2d(c_branch, c_branch, 1, bias=False)
        self.bn3 = nn.BatchNorm2d(c_branch)
        self.relu = nn.ReLU()

    def forward(self, x):
        x = self.relu(self.bn1(self.reduce(x)))
        x = self.relu(self.bn2(self.depthwise(x)))
        return self.relu(self.bn3(self.pointwise(x)))


class ResizeTo(nn.Module):
    """Bilinear resize with half-pixel centres to `size` = (H, W)."""

    def forward(self, x, size):
        return nn.functional.interpolate(x, size=size, mode="bilinear", align_corners=False)


class PoolBranch(nn.Module):
    """Average pool with kernel = stride = k, ConvUnit, resize back to the input's size."""

    def __init__(self, c_in, c_branch, kernel):
        super().__init__()
        self.pool = nn.AvgPool2d(kernel)
        self.conv = nn.Conv2d(c_in, c_branch, 1, bias=False)
        self.bn = nn.BatchNorm2d(c_branch)
        self.relu = nn.ReLU()
        self.resize = ResizeTo()

    def forward(self, x):
        y = self.relu(self.bn(self.conv(self.pool(x))))
        return self.resize(y, x.shape[2:])


class Msff(nn.Module):
    """Multi-scale feature fusion: [N, C, h, w] -> [N, C, h, w].

    Concatenates atrous, pointwise and pool branches in this order, then projects back to C with a
    1x1 convolution, BN, ReLU (our choice).
    """

    def __init__(self, channels, c_branch, rates, pools):
        super().__init__()
        self.atrous = nn.ModuleList(AtrousBranch(channels, c_branch, rate) for rate in rates)
        self.pointwise = ConvUnit(channels, c_branch)
        self.pools = nn.ModuleList(PoolBranch(channels, c_branch, kernel) for kernel in pools)
        self.project = ConvUnit(c_branch * (len(rates) + 1 + len(pools)), channels)
        self.largest_pool = max(pools, default=1)

    def forward(self, x):
        if min(x.shape[2:]) < self.largest_pool:
            raise ValueError(
                f"msff: the bottleneck map is {x.shape[2]}x{x.shape[3]}, smaller than the largest pool "
                f"({self.largest_pool}); the image must be at least {32 * self.largest_pool} pixels each way"
            )
        branches = [branch(x) for branch in self.atrous]
        branches.append(self.pointwise(x))
        branches.extend(branch(x) for branch in self.pools)
        return self.project(torch.cat(branches, dim=1))


class PlainBottleneck(nn.Module):
    """What stands in for Msff in the paper's ablation: one ConvUnit, C -> C."""

    def __init__(self, channels):
        super().__init__()
        self.project = ConvUnit(channels, channels)

    def forward(self, x):
        return self.project(x)


class Decoder(nn.Module):
    """1x1 conv to c_in/4, 3x3 transposed conv x2, 1x1 conv to c_out; BN and ReLU after each.

    input [N, c_in, h, w]; output [N, c_out, 2h, 2w].
    """

    def __init__(self, c_in, c_out):
        super().__init__()
        c_mid = max(1, c_in // 4)
        self.conv1 = nn.Conv2d(c_in, c_mid, 1, bias=False)
        self.bn1 = nn.BatchNorm2d(c_mid)
        self.up = nn.ConvTranspose2d(c_mid, c_mid, 3, 2, padding=1, output_padding=1, bias=False)
        self.bn2 = nn.BatchNorm2d(c_mid)
        self.conv2 = nn.Conv2d(c_mid, c_out, 1, bias=False)
        self.bn3 = nn.BatchNorm2d(c_out)
        self.relu = nn.ReLU()

    def forward(self, x):
        x = self.relu(self.bn1(self.conv1(x)))
        x = self.relu(self.bn2(self.up(x)))
        return self.relu(self.bn3(self.conv2(x)))


class Head(nn.Module):
    """Transposed conv x2, ReLU, conv 3x3 + BN + ReLU, conv 3x3: -> [N, classes, H, W] logits."""

    def __init__(self, c_in, c_mid, classes):
        super().__init__()
        self.up = nn.ConvTranspose2d(c_in, c_mid, 3, 2, padding=1, output_padding=1)
        self.conv1 = nn.Conv2d(c_mid, c_mid, 3, padding=1, bias=False)
        self.bn1 = nn.BatchNorm2d(c_mid)
        self.conv2 = nn.Conv2d(c_mid, classes, 3, padding=1)
        self.relu = nn.ReLU()

    def forward(self, x):
        x = self.relu(self.up(x))
        x = self.relu(self.bn1(self.conv1(x)))
        return self.conv2(x)


class MsffResNet18(Network):
    """image [N, in_channels, H, W] -> logits [N, classes, H, W]; H and W multiples of 32.

    `width` multiplies every channel count except in_channels and classes. `msff=False` is the
    paper's ablation. The parameters' names are those of the exported file.
    """

    NAME = "msff-resnet18"
    MULTIPLE = 32
    LOGITS = "head.conv2"
    RECORDED_TYPES = (nn.BatchNorm2d, nn.MaxPool2d, nn.AvgPool2d, ResizeTo, BasicBlock, Decoder, Msff, PlainBottleneck)
    RECORDED_NAMES = ("head.up",)
    GOLDENS = {
        # batch of two, not square, bottleneck map of 3x4: every layer
        "msff-w8": Golden(dict(width=1 / 8, pools=(2, 3)), (2, 3, 96, 128), seed=0),
        # the default pools on the smallest height they allow
        "msff-w8-pools": Golden(dict(width=1 / 8), (1, 3, 160, 192), seed=1, finest=16),
        # the ablation without the MSFF module
        "plain-w8": Golden(dict(width=1 / 8, msff=False), (2, 3, 64, 96), seed=2, finest=16),
        # grey images, channels 2 to 16; with most other seeds one layer is dead, and all gradients before it are zero
        "msff-w32-gradients": Golden(
            dict(width=1 / 32, pools=(1, 2), in_channels=1), (1, 1, 64, 64), seed=9, finest=16, gradients=True
        ),
    }

    def __init__(self, classes=2, width=1.0, in_channels=3, branch_width=64,
                 rates=(1, 3, 5), pools=(2, 3, 4, 5), msff=True):
        super().__init__()
        self.options = dict(classes=classes, width=width, in_channels=in_channels,
                            branch_width=branch_width, rates=list(rates), pools=list(pools), msff=msff)
        c1, c2, c3, c4 = (scaled(c, width) for c in (64, 128, 256, 512))
        self.conv1 = nn.Conv2d(in_channels, c1, 7, 2, padding=3, bias=False)
        self.bn1 = nn.BatchNorm2d(c1)
        self.relu = nn.ReLU()
        self.maxpool = nn.MaxPool2d(3, 2, padding=1)
        self.layer1 = residual_layer(BasicBlock, 2, c1, c1, 1)
        self.layer2 = residual_layer(BasicBlock, 2, c1, c2, 2)
        self.layer3 = residual_layer(BasicBlock, 2, c2, c3, 2)
        self.layer4 = residual_layer(BasicBlock, 2, c3, c4, 2)
        self.msff = Msff(c4, scaled(branch_width, width), rates, pools) if msff else PlainBottleneck(c4)
        self.decoder4 = Decoder(c4, c3)
        self.decoder3 = Decoder(c3 + c3, c2)
        self.decoder2 = Decoder(c2 + c2, c1)
        self.decoder1 = Decoder(c1 + c1, c1)
        self.head = Head(c1 + c1, scaled(32, width), classes)

    @property
    def least_size(self):
        return 32 * max(self.options["pools"]) if self.options["msff"] else 32

    def forward(self, image):
        self.check_size(image)
        x0 = self.relu(self.bn1(self.conv1(image)))
        x1 = self.layer1(self.maxpool(x0))
        x2 = self.layer2(x1)
        x3 = self.layer3(x2)
        x = self.msff(self.layer4(x3))
        x = torch.cat([self.decoder4(x), x3], dim=1)
        x = torch.cat([self.decoder3(x), x2], dim=1)
        x = torch.cat([self.decoder2(x), x1], dim=1)
        x = torch.cat([self.decoder1(x), x0], dim=1)
        return self.head(x)
