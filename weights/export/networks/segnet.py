"""SegNet in plain PyTorch, under the names of the public version.

Source: Badrinarayanan et al. 2015; https://github.com/meetps/pytorch-semseg, `segnet`: with last="unit" its state_dict loads.
VGG-16 with batch norm, and its mirror image: pools keep where their maxima were, and each is put back there.
"""

from torch import nn

from .network import Golden, Network, scaled

STAGES = (2, 2, 3, 3, 3)  # convolutions of each


class Unit(nn.Module):
    """3x3 convolution with bias, and BN and ReLU unless it is plain."""

    def __init__(self, c_in, c_out, plain=False):
        super().__init__()
        conv = nn.Conv2d(c_in, c_out, 3, padding=1)
        self.cbr_unit = nn.Sequential(conv) if plain else nn.Sequential(conv, nn.BatchNorm2d(c_out), nn.ReLU())

    def forward(self, x):
        return self.cbr_unit(x)


class Down(nn.Module):
    """[N, c_in, H, W] -> [N, c_out, H/2, W/2] rounded down, the places of the maxima, and the size before."""

    def __init__(self, c_in, c_out, count):
        super().__init__()
        for k in range(1, count + 1):
            self.add_module(f"conv{k}", Unit(c_in if k == 1 else c_out, c_out))
        self.units = [f"conv{k}" for k in range(1, count + 1)]
        self.pool = nn.MaxPool2d(2, return_indices=True)

    def forward(self, x):
        for name in self.units:
            x = self.get_submodule(name)(x)
        pooled, indices = self.pool(x)
        return pooled, indices, x.shape


class UpTo(nn.Module):
    """[N, c_in, h, w] with its places -> [N, c_out, H, W], the size before its pool."""

    def __init__(self, c_in, c_out, count, plain):
        super().__init__()
        self.unpool = nn.MaxUnpool2d(2)
        for k in range(1, count + 1):
            is_last = k == count
            self.add_module(f"conv{k}", Unit(c_in, c_out if is_last else c_in, plain and is_last))
        self.units = [f"conv{k}" for k in range(1, count + 1)]

    def forward(self, x, indices, size):
        x = self.unpool(x, indices, output_size=size)
        for name in self.units:
            x = self.get_submodule(name)(x)
        return x


class SegNet(Network):
    """image [N, in_channels, H, W] -> logits [N, classes, H, W]; H and W at least 32."""

    NAME = "segnet"
    MULTIPLE = 1
    LOGITS = "up1.conv2.cbr_unit.0"
    RECORDED_TYPES = (nn.BatchNorm2d, nn.MaxUnpool2d)
    GOLDENS = {
        # sizes that no pool halves evenly
        "segnet-w32-gradients": Golden(
            dict(width=1 / 32, in_channels=1), (1, 1, 37, 43), seed=1, gradients=True, finest=2
        ),
    }

    def __init__(self, classes=2, width=1.0, in_channels=3, last="plain"):
        super().__init__()
        self.options = dict(classes=classes, width=width, in_channels=in_channels, last=last)
        c1, c2, c3, c4, c5 = (scaled(channels, width) for channels in (64, 128, 256, 512, 512))
        self.down1 = Down(in_channels, c1, STAGES[0])
        self.down2 = Down(c1, c2, STAGES[1])
        self.down3 = Down(c2, c3, STAGES[2])
        self.down4 = Down(c3, c4, STAGES[3])
        self.down5 = Down(c4, c5, STAGES[4])
        self.up5 = UpTo(c5, c4, STAGES[4], False)
        self.up4 = UpTo(c4, c3, STAGES[3], False)
        self.up3 = UpTo(c3, c2, STAGES[2], False)
        self.up2 = UpTo(c2, c1, STAGES[1], False)
        self.up1 = UpTo(c1, classes, STAGES[0], last == "plain")

    @property
    def least_size(self):
        return 32

    def forward(self, image):
        x, indices1, size1 = self.down1(image)
        x, indices2, size2 = self.down2(x)
        x, indices3, size3 = self.down3(x)
        x, indices4, size4 = self.down4(x)
        x, indices5, size5 = self.down5(x)
        x = self.up5(x, indices5, size5)
        x = self.up4(x, indices4, size4)
        x = self.up3(x, indices3, size3)
        x = self.up2(x, indices2, size2)
        return self.up1(x, indices1, size1)
