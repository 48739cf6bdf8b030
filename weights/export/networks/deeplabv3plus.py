"""DeepLabv3+ in plain PyTorch, under the names of the Keras version, on Xception-65.

    encoder    features at 1/4 (256w) and 1/8 or 1/16 (2048w)
    pyramid    the average of the map, 1x1, separable 3x3 with dilations 12, 24, 36 (6, 12, 18 at 1/16): 256w each, joined by 1x1
    decoder    resized to H/4, beside the feature there (48w), two separable convolutions, 1x1, resized to H

Resizes are bilinear with aligned corners. Batch norm's eps is 1e-3 in the encoder, 1e-5 here.
Source: Chen et al. 2018; https://github.com/bonlime/keras-deeplab-v3-plus, `model.py`.
"""

import torch
from torch import nn

from .encoders import Xception65, add_separable, run_separable
from .network import Golden, Network, scaled


class DeepLabV3Plus(Xception65, Network):
    """image [N, in_channels, H, W] -> logits [N, classes, H, W]; H and W multiples of 16 (of 8 at stride 8)."""

    NAME = "deeplabv3plus"
    MULTIPLE = 8
    LOGITS = "logits_semantic"
    RECORDED_TYPES = (nn.BatchNorm2d,)
    GOLDENS = {
        # neighbours as channels
        "deeplabv3plus-w48-gradients": Golden(dict(width=1 / 48), (1, 3, 16, 24), seed=4, finest=8, gradients=True),
    }

    def __init__(self, classes=2, width=1.0, in_channels=3, encoder="xception65-8"):
        super().__init__({"xception65-8": 8, "xception65-16": 16}[encoder], in_channels, width)
        self.options = dict(classes=classes, width=width, in_channels=in_channels, encoder=encoder)
        c256, c48 = scaled(256, width), scaled(48, width)
        c_fine, c_last = scaled(256, width), self.channels
        dilations = (12, 24, 36) if encoder == "xception65-8" else (6, 12, 18)
        self.add_pointwise("image_pooling", c_last, c256)
        self.add_pointwise("aspp0", c_last, c256)
        for number, dilation in enumerate(dilations, 1):
            add_separable(self, f"aspp{number}", c_last, c256, dilation=dilation, eps=1e-5)
        self.add_pointwise("concat_projection", 5 * c256, c256)
        self.add_pointwise("feature_projection0", c_fine, c48)
        add_separable(self, "decoder_conv0", c256 + c48, c256, eps=1e-5)
        add_separable(self, "decoder_conv1", c256, c256, eps=1e-5)
        self.logits_semantic = nn.Conv2d(c256, classes, 1)

    def add_pointwise(self, name, c_in, c_out):
        self.add_module(name, nn.Conv2d(c_in, c_out, 1, bias=False))
        self.add_module(f"{name}_BN", nn.BatchNorm2d(c_out))

    def run_pointwise(self, name, x):
        return torch.relu(getattr(self, f"{name}_BN")(getattr(self, name)(x)))

    def forward(self, image):
        self.check_size(image)
        features = super().forward(image)
        fine, x = features[1], features[-1]
        pyramid = [
            resized(self.run_pointwise("image_pooling", x.mean(dim=(2, 3), keepdim=True)), x),
            self.run_pointwise("aspp0", x),
            *(run_separable(self, f"aspp{number}", x, "after") for number in (1, 2, 3)),
        ]
        x = resized(self.run_pointwise("concat_projection", torch.cat(pyramid, dim=1)), fine)
        x = torch.cat([x, self.run_pointwise("feature_projection0", fine)], dim=1)
        x = run_separable(self, "decoder_conv0", x, "after")
        x = run_separable(self, "decoder_conv1", x, "after")
        return resized(self.logits_semantic(x), image)


def resized(x, like):
    return nn.functional.interpolate(x, size=like.shape[2:], mode="bilinear", align_corners=True)
