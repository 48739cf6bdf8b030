"""CE-Net in plain PyTorch, under the names of the public version, which returns the sigmoid of these logits.

    firstconv .. encoder4  ResNet-34                                     64w at H/2 .. 512w at H/32
    dblock                 dense atrous block: x and four chains of shared convolutions, added up
    spp                    residual multi-kernel pooling: max pools, one shared 1x1 to one channel, bilinear; beside x
    decoder4-1             1x1 to c/4, transposed 3x3 /2, 1x1; BN and ReLU after each; encoder3..1 added
    final                  transposed 4x4 /2, 3x3 and 3x3 convolutions

Source: Gu et al. 2019; https://github.com/Guzaiwang/CE-Net, `networks/cenet.py`. Shapes are [N, C, H, W].
"""

import torch
from torch import nn

from .encoders import BasicBlock, residual_layer
from .network import Golden, Network, scaled


class DenseAtrous(nn.Module):
    """[N, C, h, w] -> [N, C, h, w]; no ReLU between the convolutions of a chain."""

    def __init__(self, channels):
        super().__init__()
        self.dilate1 = nn.Conv2d(channels, channels, 3, padding=1)
        self.dilate2 = nn.Conv2d(channels, channels, 3, padding=3, dilation=3)
        self.dilate3 = nn.Conv2d(channels, channels, 3, padding=5, dilation=5)
        self.conv1x1 = nn.Conv2d(channels, channels, 1)

    def forward(self, x):
        one = self.dilate1(x)
        two = self.dilate2(one)
        chains = [one, self.conv1x1(self.dilate2(x)), self.conv1x1(two), self.conv1x1(self.dilate3(two))]
        for chain in chains:
            x = x + torch.relu(chain)
        return x


class MultiKernelPooling(nn.Module):
    """[N, C, h, w] -> [N, len(pools) + C, h, w]."""

    def __init__(self, channels, pools):
        super().__init__()
        self.pools = nn.ModuleList(nn.MaxPool2d(size, size) for size in pools)
        self.conv = nn.Conv2d(channels, 1, 1)

    def forward(self, x):
        maps = [
            nn.functional.interpolate(self.conv(pool(x)), size=x.shape[2:], mode="bilinear", align_corners=False)
            for pool in self.pools
        ]
        return torch.cat([*maps, x], dim=1)


class Decoder(nn.Module):
    """[N, c_in, h, w] -> [N, c_out, 2h, 2w]."""

    def __init__(self, c_in, c_out):
        super().__init__()
        middle = max(1, c_in // 4)
        self.conv1 = nn.Conv2d(c_in, middle, 1)
        self.norm1 = nn.BatchNorm2d(middle)
        self.deconv2 = nn.ConvTranspose2d(middle, middle, 3, 2, padding=1, output_padding=1)
        self.norm2 = nn.BatchNorm2d(middle)
        self.conv3 = nn.Conv2d(middle, c_out, 1)
        self.norm3 = nn.BatchNorm2d(c_out)
        self.relu = nn.ReLU()

    def forward(self, x):
        x = self.relu(self.norm1(self.conv1(x)))
        x = self.relu(self.norm2(self.deconv2(x)))
        return self.relu(self.norm3(self.conv3(x)))


class CENet(Network):
    """image [N, in_channels, H, W] -> logits [N, classes, H, W]; H and W multiples of 32."""

    NAME = "cenet"
    MULTIPLE = 32
    LOGITS = "finalconv3"
    RECORDED_TYPES = (nn.BatchNorm2d, nn.MaxPool2d, DenseAtrous, MultiKernelPooling, Decoder)
    GOLDENS = {
        # pools that the smallest bottleneck holds; grey
        "cenet-w40-gradients": Golden(
            dict(width=1 / 40, in_channels=1, pools=(1, 2)), (1, 1, 64, 64), seed=8, finest=16, gradients=True
        ),
    }

    def __init__(self, classes=2, width=1.0, in_channels=3, pools=(2, 3, 5, 6)):
        super().__init__()
        self.options = dict(classes=classes, width=width, in_channels=in_channels, pools=list(pools))
        c1, c2, c3, c4 = (scaled(channels, width) for channels in (64, 128, 256, 512))
        self.firstconv = nn.Conv2d(in_channels, c1, 7, 2, padding=3, bias=False)
        self.firstbn = nn.BatchNorm2d(c1)
        self.firstmaxpool = nn.MaxPool2d(3, 2, padding=1)
        self.encoder1 = residual_layer(BasicBlock, 3, c1, c1, 1)
        self.encoder2 = residual_layer(BasicBlock, 4, c1, c2, 2)
        self.encoder3 = residual_layer(BasicBlock, 6, c2, c3, 2)
        self.encoder4 = residual_layer(BasicBlock, 3, c3, c4, 2)
        self.dblock = DenseAtrous(c4)
        self.spp = MultiKernelPooling(c4, pools)
        self.decoder4 = Decoder(c4 + len(pools), c3)
        self.decoder3 = Decoder(c3, c2)
        self.decoder2 = Decoder(c2, c1)
        self.decoder1 = Decoder(c1, c1)
        middle = scaled(32, width)
        self.finaldeconv1 = nn.ConvTranspose2d(c1, middle, 4, 2, padding=1)
        self.finalconv2 = nn.Conv2d(middle, middle, 3, padding=1)
        self.finalconv3 = nn.Conv2d(middle, classes, 3, padding=1)

    @property
    def least_size(self):
        return 32 * max(self.options["pools"])

    def forward(self, image):
        self.check_size(image)
        x = self.firstmaxpool(torch.relu(self.firstbn(self.firstconv(image))))
        e1 = self.encoder1(x)
        e2 = self.encoder2(e1)
        e3 = self.encoder3(e2)
        x = self.spp(self.dblock(self.encoder4(e3)))
        x = self.decoder4(x) + e3
        x = self.decoder3(x) + e2
        x = self.decoder2(x) + e1
        x = torch.relu(self.finaldeconv1(self.decoder1(x)))
        return self.finalconv3(torch.relu(self.finalconv2(x)))
