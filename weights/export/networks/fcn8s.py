"""FCN-8s in plain PyTorch, under the names of the public version.

    conv1_1 .. pool5  VGG-16 without batch norm; conv1_1 pads by 100, pools round up
    fc6, fc7          7x7 without padding and 1x1, 4096w channels (dropout, which is off here)
    score_*           1x1 to the classes, of fc7, pool4 and pool3
    upscore*          transposed 4x4 /2, 4x4 /2, 16x16 /8 without bias; crops of pool4's score at 5, pool3's at 9, the logits' at 31

Source: Long et al. 2015; https://github.com/wkentaro/pytorch-fcn, `FCN8s`. Shapes are [N, C, H, W]; H and W are any.
"""

from torch import nn

from .network import Golden, Network, scaled

STAGES = ((64, 2), (128, 2), (256, 3), (512, 3), (512, 3))


class FCN8s(Network):
    """image [N, in_channels, H, W] -> logits [N, classes, H, W]."""

    NAME = "fcn8s"
    MULTIPLE = 1
    LOGITS = "upscore8"
    RECORDED_TYPES = (nn.Conv2d, nn.ConvTranspose2d, nn.MaxPool2d)
    RECORDED_NAMES = ("relu5_1", "relu5_3", "relu6", "relu7")
    GOLDENS = {
        # odd sizes, pools that round up
        "fcn8s-w64-gradients": Golden(dict(width=1 / 64, in_channels=1), (1, 1, 31, 5), seed=0, gradients=True),
    }

    def __init__(self, classes=2, width=1.0, in_channels=3):
        super().__init__()
        self.options = dict(classes=classes, width=width, in_channels=in_channels)
        c_in = in_channels
        for stage, (channels, depth) in enumerate(STAGES, 1):
            for number in range(1, depth + 1):
                padding = 100 if (stage, number) == (1, 1) else 1
                self.add_module(f"conv{stage}_{number}", nn.Conv2d(c_in, scaled(channels, width), 3, padding=padding))
                self.add_module(f"relu{stage}_{number}", nn.ReLU())
                c_in = scaled(channels, width)
            self.add_module(f"pool{stage}", nn.MaxPool2d(2, 2, ceil_mode=True))
        c_fc = scaled(4096, width)
        self.fc6, self.relu6 = nn.Conv2d(c_in, c_fc, 7), nn.ReLU()
        self.fc7, self.relu7 = nn.Conv2d(c_fc, c_fc, 1), nn.ReLU()
        self.score_fr = nn.Conv2d(c_fc, classes, 1)
        self.score_pool3 = nn.Conv2d(scaled(256, width), classes, 1)
        self.score_pool4 = nn.Conv2d(scaled(512, width), classes, 1)
        self.upscore2 = nn.ConvTranspose2d(classes, classes, 4, 2, bias=False)
        self.upscore8 = nn.ConvTranspose2d(classes, classes, 16, 8, bias=False)
        self.upscore_pool4 = nn.ConvTranspose2d(classes, classes, 4, 2, bias=False)

    def forward(self, image):
        x, pools = image, []
        for stage, (_, depth) in enumerate(STAGES, 1):
            for number in range(1, depth + 1):
                x = getattr(self, f"relu{stage}_{number}")(getattr(self, f"conv{stage}_{number}")(x))
            x = getattr(self, f"pool{stage}")(x)
            pools.append(x)
        x = self.relu7(self.fc7(self.relu6(self.fc6(x))))
        x = self.upscore2(self.score_fr(x))
        x = self.upscore_pool4(x + cropped(self.score_pool4(pools[3]), 5, x))
        x = self.upscore8(x + cropped(self.score_pool3(pools[2]), 9, x))
        return cropped(x, 31, image)


def cropped(x, start, like):
    """x from `start` on each way, in the size of `like`."""
    height, width = like.shape[2:]
    return x[:, :, start:start + height, start:start + width]
