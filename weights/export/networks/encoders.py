"""The encoders in plain PyTorch, under the names of their public versions. Each returns its features, finest first.

`last` is the stride of the last feature wanted: stages behind it are left out. Shapes are [N, C, H, W]; H and W are multiples of
`last`; channel counts are before the width multiplier.

    VGG          1, 2, 4, 8, 16, 32     64, 128, 256, 512, 512, 512            torchvision `vgg11`, `vgg16`, with `_bn`
    ResNet       2, 4, 8, 16, 32        64 and 64 .. 512, or 256 .. 2048       torchvision `resnet18`, `resnet34`, `resnet50`
    InceptionV4  2, 4, 8, 16, 32        64, 192, 384, 1024, 1536               segmentation_models.pytorch `inceptionv4`
    Xception65   2, 4, 8 or 2, 4, 8, 16 64, 256, 2048 or 64, 256, 728, 2048    keras-deeplab-v3-plus
"""

import torch
from torch import nn

from .network import scaled


class VGG(nn.Module):
    """Features are the last maps before each max pool, and the last pool's result."""

    strides = (1, 2, 4, 8, 16, 32)

    def __init__(self, depths, batch_norm, in_channels, width, last=32):
        super().__init__()
        layers, c_in = [], in_channels
        for stage, (depth, channels) in enumerate(zip(depths, (64, 128, 256, 512, 512))):
            if 2**stage > last:
                break
            for _ in range(depth):
                c_out = scaled(channels, width)
                layers.append(nn.Conv2d(c_in, c_out, 3, padding=1))
                if batch_norm:
                    layers.append(nn.BatchNorm2d(c_out))
                layers.append(nn.ReLU())
                c_in = c_out
            if 2 ** (stage + 1) <= last:
                layers.append(nn.MaxPool2d(2))
        self.features = nn.Sequential(*layers)

    def forward(self, x):
        features = []
        for layer in self.features:
            if isinstance(layer, nn.MaxPool2d):
                features.append(x)
            x = layer(x)
        return features + [x]


class BasicBlock(nn.Module):
    """Residual block: relu(shortcut(x) + bn2(conv2(relu(bn1(conv1(x)))))).

    input [N, c_in, H, W]; output [N, channels, H/stride, W/stride].
    """

    GROWTH = 1

    def __init__(self, c_in, channels, stride):
        super().__init__()
        self.conv1 = nn.Conv2d(c_in, channels, 3, stride, padding=1, bias=False)
        self.bn1 = nn.BatchNorm2d(channels)
        self.relu = nn.ReLU()
        self.conv2 = nn.Conv2d(channels, channels, 3, padding=1, bias=False)
        self.bn2 = nn.BatchNorm2d(channels)
        self.downsample = downsample(c_in, channels, stride)

    def forward(self, x):
        shortcut = x if self.downsample is None else self.downsample(x)
        y = self.relu(self.bn1(self.conv1(x)))
        return self.relu(self.bn2(self.conv2(y)) + shortcut)


class Bottleneck(nn.Module):
    """1x1, 3x3 with the stride, 1x1 to four times the channels: output [N, 4 * channels, H/stride, W/stride]."""

    GROWTH = 4

    def __init__(self, c_in, channels, stride):
        super().__init__()
        self.conv1 = nn.Conv2d(c_in, channels, 1, bias=False)
        self.bn1 = nn.BatchNorm2d(channels)
        self.conv2 = nn.Conv2d(channels, channels, 3, stride, padding=1, bias=False)
        self.bn2 = nn.BatchNorm2d(channels)
        self.conv3 = nn.Conv2d(channels, 4 * channels, 1, bias=False)
        self.bn3 = nn.BatchNorm2d(4 * channels)
        self.relu = nn.ReLU()
        self.downsample = downsample(c_in, 4 * channels, stride)

    def forward(self, x):
        shortcut = x if self.downsample is None else self.downsample(x)
        y = self.relu(self.bn1(self.conv1(x)))
        y = self.relu(self.bn2(self.conv2(y)))
        return self.relu(self.bn3(self.conv3(y)) + shortcut)


def downsample(c_in, c_out, stride):
    """What makes a shortcut fit: nothing where the shape stays."""
    if stride == 1 and c_in == c_out:
        return None
    return nn.Sequential(nn.Conv2d(c_in, c_out, 1, stride, bias=False), nn.BatchNorm2d(c_out))


def residual_layer(block, depth, c_in, channels, stride):
    blocks = [block(c_in, channels, stride)]
    blocks += [block(block.GROWTH * channels, channels, 1) for _ in range(depth - 1)]
    return nn.Sequential(*blocks)


class ResNet(nn.Module):
    strides = (2, 4, 8, 16, 32)

    def __init__(self, block, depths, in_channels, width, last=32):
        super().__init__()
        c_in = scaled(64, width)
        self.conv1 = nn.Conv2d(in_channels, c_in, 7, 2, padding=3, bias=False)
        self.bn1 = nn.BatchNorm2d(c_in)
        self.relu = nn.ReLU()
        self.maxpool = nn.MaxPool2d(3, 2, padding=1)
        self.layers = [f"layer{number}" for number in range(1, 5) if 2 ** (number + 1) <= last]
        for index, name in enumerate(self.layers):
            channels = scaled(64 * 2**index, width)
            setattr(self, name, residual_layer(block, depths[index], c_in, channels, 2 if index else 1))
            c_in = block.GROWTH * channels

    def forward(self, x):
        x = self.relu(self.bn1(self.conv1(x)))
        features = [x]
        x = self.maxpool(x)
        for name in self.layers:
            x = getattr(self, name)(x)
            features.append(x)
        return features


class BasicConv2d(nn.Module):
    """Convolution without bias, BN, ReLU; padded to the input's size / stride."""

    def __init__(self, c_in, c_out, kernel, stride=1):
        super().__init__()
        rows, columns = kernel if isinstance(kernel, tuple) else (kernel, kernel)
        self.conv = nn.Conv2d(c_in, c_out, (rows, columns), stride, padding=(rows // 2, columns // 2), bias=False)
        self.bn = nn.BatchNorm2d(c_out, eps=1e-3)
        self.relu = nn.ReLU()

    def forward(self, x):
        return self.relu(self.bn(self.conv(x)))


def chain(c_in, *units):
    """BasicConv2d after BasicConv2d; a single one stands alone. A unit is (channels, kernel) or (channels, kernel, stride)."""
    convolutions = []
    for channels, *rest in units:
        convolutions.append(BasicConv2d(c_in, channels, *rest))
        c_in = channels
    return convolutions[0] if len(convolutions) == 1 else nn.Sequential(*convolutions)


def halving_pool():
    return nn.MaxPool2d(3, 2, padding=1)


def average_branch(c_in, c_out):
    return nn.Sequential(nn.AvgPool2d(3, 1, padding=1, count_include_pad=False), BasicConv2d(c_in, c_out, 1))


class Mixed3a(nn.Module):
    def __init__(self, c_in, width):
        super().__init__()
        self.maxpool = halving_pool()
        self.conv = BasicConv2d(c_in, scaled(96, width), 3, 2)
        self.c_out = c_in + scaled(96, width)

    def forward(self, x):
        return torch.cat([self.maxpool(x), self.conv(x)], dim=1)


class Mixed5a(nn.Module):
    def __init__(self, c_in, width):
        super().__init__()
        self.conv = BasicConv2d(c_in, scaled(192, width), 3, 2)
        self.maxpool = halving_pool()
        self.c_out = c_in + scaled(192, width)

    def forward(self, x):
        return torch.cat([self.conv(x), self.maxpool(x)], dim=1)


class Branches(nn.Module):
    """Concatenates branch0, branch1, ..."""

    def __init__(self, c_out, *branches):
        super().__init__()
        for number, branch in enumerate(branches):
            setattr(self, f"branch{number}", branch)
        self.c_out = c_out

    def forward(self, x):
        return torch.cat([branch(x) for branch in self.children()], dim=1)


def mixed_4a(c_in, width):
    c64, c96 = scaled(64, width), scaled(96, width)
    return Branches(
        2 * c96,
        chain(c_in, (c64, 1), (c96, 3)),
        chain(c_in, (c64, 1), (c64, (1, 7)), (c64, (7, 1)), (c96, 3)),
    )


def inception_a(c_in, width):
    c64, c96 = scaled(64, width), scaled(96, width)
    return Branches(
        4 * c96,
        chain(c_in, (c96, 1)),
        chain(c_in, (c64, 1), (c96, 3)),
        chain(c_in, (c64, 1), (c96, 3), (c96, 3)),
        average_branch(c_in, c96),
    )


def reduction_a(c_in, width):
    c192, c224, c256, c384 = (scaled(channels, width) for channels in (192, 224, 256, 384))
    return Branches(
        c384 + c256 + c_in,
        chain(c_in, (c384, 3, 2)),
        chain(c_in, (c192, 1), (c224, 3), (c256, 3, 2)),
        halving_pool(),
    )


def inception_b(c_in, width):
    c128, c192, c224, c256, c384 = (scaled(channels, width) for channels in (128, 192, 224, 256, 384))
    return Branches(
        c384 + 2 * c256 + c128,
        chain(c_in, (c384, 1)),
        chain(c_in, (c192, 1), (c224, (1, 7)), (c256, (7, 1))),
        chain(c_in, (c192, 1), (c192, (7, 1)), (c224, (1, 7)), (c224, (7, 1)), (c256, (1, 7))),
        average_branch(c_in, c128),
    )


def reduction_b(c_in, width):
    c192, c256, c320 = (scaled(channels, width) for channels in (192, 256, 320))
    return Branches(
        c192 + c320 + c_in,
        chain(c_in, (c192, 1), (c192, 3, 2)),
        chain(c_in, (c256, 1), (c256, (1, 7)), (c320, (7, 1)), (c320, 3, 2)),
        halving_pool(),
    )


class InceptionC(nn.Module):
    """Four branches, two of which end in a fork of 1x3 and 3x1."""

    def __init__(self, c_in, width):
        super().__init__()
        c256, c384, c448, c512 = (scaled(channels, width) for channels in (256, 384, 448, 512))
        self.branch0 = BasicConv2d(c_in, c256, 1)
        self.branch1_0 = BasicConv2d(c_in, c384, 1)
        self.branch1_1a = BasicConv2d(c384, c256, (1, 3))
        self.branch1_1b = BasicConv2d(c384, c256, (3, 1))
        self.branch2_0 = BasicConv2d(c_in, c384, 1)
        self.branch2_1 = BasicConv2d(c384, c448, (3, 1))
        self.branch2_2 = BasicConv2d(c448, c512, (1, 3))
        self.branch2_3a = BasicConv2d(c512, c256, (1, 3))
        self.branch2_3b = BasicConv2d(c512, c256, (3, 1))
        self.branch3 = average_branch(c_in, c256)
        self.c_out = 6 * c256

    def forward(self, x):
        one = self.branch1_0(x)
        two = self.branch2_2(self.branch2_1(self.branch2_0(x)))
        return torch.cat([
            self.branch0(x), self.branch1_1a(one), self.branch1_1b(one), self.branch2_3a(two), self.branch2_3b(two),
            self.branch3(x),
        ], dim=1)


class InceptionV4(nn.Module):
    strides = (2, 4, 8, 16, 32)

    def __init__(self, in_channels, width, last=32):
        super().__init__()
        c32, c64 = scaled(32, width), scaled(64, width)
        stem = [BasicConv2d(in_channels, c32, 3, 2), BasicConv2d(c32, c32, 3), BasicConv2d(c32, c64, 3)]
        stages = [
            [Mixed3a, mixed_4a],
            [Mixed5a] + 3 * [inception_a],
            [inception_a, reduction_a] + 4 * [inception_b],
            3 * [inception_b] + [reduction_b] + 3 * [InceptionC],
        ]
        layers, channels = stem, c64
        self.ends = [len(layers) - 1]  # the positions whose results are features
        for stride, stage in zip(self.strides[1:], stages):
            if stride > last:
                break
            for create in stage:
                layers.append(create(channels, width))
                channels = layers[-1].c_out
            self.ends.append(len(layers) - 1)
        self.features = nn.Sequential(*layers)

    def forward(self, x):
        features = []
        for position, layer in enumerate(self.features):
            x = layer(x)
            if position in self.ends:
                features.append(x)
        return features


def add_separable(parent, name, c_in, c_out, stride=1, dilation=1, eps=1e-3):
    """The layers of a separable convolution, which the Keras version names side by side."""
    parent.add_module(f"{name}_depthwise", nn.Conv2d(c_in, c_in, 3, stride, dilation, dilation, groups=c_in, bias=False))
    parent.add_module(f"{name}_depthwise_BN", nn.BatchNorm2d(c_in, eps=eps))
    parent.add_module(f"{name}_pointwise", nn.Conv2d(c_in, c_out, 1, bias=False))
    parent.add_module(f"{name}_pointwise_BN", nn.BatchNorm2d(c_out, eps=eps))


def run_separable(parent, name, x, activation):
    """ReLUs stand in front of all (`before`), or behind each batch norm (`after`)."""
    after = torch.relu if activation == "after" else lambda y: y
    x = x if activation == "after" else torch.relu(x)
    for part in ("depthwise", "pointwise"):
        x = getattr(parent, f"{name}_{part}")(x)
        x = after(getattr(parent, f"{name}_{part}_BN")(x))
    return x


class Xception65(nn.Module):
    """Strides 2, 4, 8, and 16 if `stride` is 16. Blocks hold three separable convolutions; names are the Keras layers'."""

    def __init__(self, stride, in_channels, width, last=16):
        super().__init__()
        atrous = stride == 8
        self.strides = (2, 4, 8) if atrous else (2, 4, 8, 16)
        c32, c64 = scaled(32, width), scaled(64, width)
        self.pad = nn.ZeroPad2d((0, 1, 0, 1))  # as TensorFlow pads even sizes
        self.entry_flow_conv1_1 = nn.Conv2d(in_channels, c32, 3, 2, bias=False)
        self.entry_flow_conv1_1_BN = nn.BatchNorm2d(c32, eps=1e-3)
        self.entry_flow_conv1_2 = nn.Conv2d(c32, c64, 3, padding=1, bias=False)
        self.entry_flow_conv1_2_BN = nn.BatchNorm2d(c64, eps=1e-3)
        self.blocks = {}
        self.channels = c64
        self.width = width
        self.add_block("entry_flow_block1", (128, 128, 128), "conv", stride=2)
        self.add_block("entry_flow_block2", (256, 256, 256), "conv", stride=2)
        self.add_block("entry_flow_block3", (728, 728, 728), "conv", stride=1 if atrous else 2)
        if last < stride:
            return
        for unit in range(1, 17):
            self.add_block(f"middle_flow_unit_{unit}", (728, 728, 728), "sum", dilation=2 if atrous else 1)
        self.add_block("exit_flow_block1", (728, 1024, 1024), "conv", dilation=2 if atrous else 1)
        self.add_block("exit_flow_block2", (1536, 1536, 2048), "none", dilation=4 if atrous else 2, activation="after")

    def add_block(self, name, channels, shortcut, stride=1, dilation=1, activation="before"):
        c_in = self.channels
        for number, count in enumerate(channels, 1):
            c_out = scaled(count, self.width)
            add_separable(self, f"{name}_separable_conv{number}", c_in, c_out, stride if number == 3 else 1, dilation)
            c_in = c_out
        if shortcut == "conv":
            self.add_module(f"{name}_shortcut", nn.Conv2d(self.channels, c_in, 1, stride, bias=False))
            self.add_module(f"{name}_shortcut_BN", nn.BatchNorm2d(c_in, eps=1e-3))
        self.blocks[name] = (shortcut, activation)
        self.channels = c_in

    def run_block(self, name, x):
        """(output, what the second convolution gives)"""
        shortcut, activation = self.blocks[name]
        y = run_separable(self, f"{name}_separable_conv1", x, activation)
        skip = run_separable(self, f"{name}_separable_conv2", y, activation)
        y = run_separable(self, f"{name}_separable_conv3", skip, activation)
        if shortcut == "conv":
            y = y + getattr(self, f"{name}_shortcut_BN")(getattr(self, f"{name}_shortcut")(x))
        return (y + x if shortcut == "sum" else y), skip

    def forward(self, x):
        x = torch.relu(self.entry_flow_conv1_1_BN(self.entry_flow_conv1_1(self.pad(x))))
        x = torch.relu(self.entry_flow_conv1_2_BN(self.entry_flow_conv1_2(x)))
        features = [x]
        for name in self.blocks:
            x, skip = self.run_block(name, x)
            if name == "entry_flow_block2" or (name == "entry_flow_block3" and self.strides[-1] == 16):
                features.append(skip)
        return features + [x] if "exit_flow_block2" in self.blocks else features


ENCODERS = {
    "vgg11": lambda *given: VGG((1, 1, 2, 2, 2), False, *given),
    "vgg11-bn": lambda *given: VGG((1, 1, 2, 2, 2), True, *given),
    "vgg16": lambda *given: VGG((2, 2, 3, 3, 3), False, *given),
    "vgg16-bn": lambda *given: VGG((2, 2, 3, 3, 3), True, *given),
    "resnet18": lambda *given: ResNet(BasicBlock, (2, 2, 2, 2), *given),
    "resnet34": lambda *given: ResNet(BasicBlock, (3, 4, 6, 3), *given),
    "resnet50": lambda *given: ResNet(Bottleneck, (3, 4, 6, 3), *given),
    "inception-v4": InceptionV4,
    "xception65-8": lambda *given: Xception65(8, *given),
    "xception65-16": lambda *given: Xception65(16, *given),
}
"""Created with (in_channels, width, last)."""


def create_encoder(name, in_channels, width, last=32):
    """The encoder, and the channels of its features."""
    encoder = ENCODERS[name](in_channels, width, last).eval()
    with torch.no_grad():
        channels = [feature.shape[1] for feature in encoder(torch.zeros(1, in_channels, 32, 32))]
    return encoder, channels
