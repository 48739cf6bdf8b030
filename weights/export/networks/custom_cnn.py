"""The thesis's own networks in plain PyTorch.

Source: the thesis on the cervical spine, section 3.5.5 and table 3.2. (Our choice): 3x3 convolutions without bias, as many upsamples
(nearest) as pools, a last 1x1 convolution to the classes. Names are ours.
"""

from torch import nn

from .network import Golden, Network, scaled

# channels of the units before a pool each, of those that keep the size, of those before an upsample each
VERSIONS = {
    "v1": ((), (64, 128), ()),
    "v2": ((), (32, 64, 128, 256, 512), ()),
    "v3-large32": ((32, 64, 128, 256, 512), (), (256, 256, 128, 64, 32)),
    "v3-large64": ((64, 128, 256, 512), (), (512, 256, 128, 64)),
    "v3-small32": ((32, 64, 128, 256), (), (256, 128, 64, 32)),
    "v3-small64": ((64, 128, 256, 512), (), (512, 256, 128, 64)),
}


class CustomCnn(Network):
    """image [N, in_channels, H, W] -> logits [N, classes, H, W]; H and W multiples of 2 to the number of pools."""

    NAME = "custom-cnn"
    LOGITS = "final"
    RECORDED_TYPES = (nn.Conv2d, nn.BatchNorm2d, nn.ReLU, nn.MaxPool2d, nn.Upsample)
    GOLDENS = {
        "custom-cnn-v3-large32-w16-gradients": Golden(
            dict(width=1 / 16, in_channels=1), (1, 1, 32, 64), seed=1, gradients=True, finest=2
        ),
    }

    def __init__(self, classes=2, width=1.0, in_channels=3, version="v3-large32"):
        super().__init__()
        self.options = dict(classes=classes, width=width, in_channels=in_channels, version=version)
        down, level, up = VERSIONS[version]
        self.MULTIPLE = 2 ** len(down)
        channels = [in_channels, *(scaled(count, width) for count in (*down, *level, *up))]
        self.units = nn.ModuleList(
            nn.Sequential(nn.Conv2d(c_in, c_out, 3, padding=1, bias=False), nn.BatchNorm2d(c_out), nn.ReLU())
            for c_in, c_out in zip(channels, channels[1:])
        )
        self.pools = nn.ModuleList(nn.MaxPool2d(2) for _ in down)
        self.ups = nn.ModuleList(nn.Upsample(scale_factor=2) for _ in up)
        self.final = nn.Conv2d(channels[-1], classes, 1)

    def forward(self, image):
        self.check_size(image)
        x = image
        for i, unit in enumerate(self.units):
            x = unit(x)
            if i < len(self.pools):
                x = self.pools[i](x)
            rest = i - (len(self.units) - len(self.ups))
            if rest >= 0:
                x = self.ups[rest](x)
        return self.final(x)
