#!/usr/bin/env python3
"""Exports small networks of this field with both ONNX exporters of PyTorch, static and with open sizes, and their outputs.

    python3 test/conformance/export.py FOLDER

Writes FOLDER/NETWORK-EXPORTER-SHAPES.onnx and, beside it, .safetensors with the inputs and what PyTorch computes of them. Weights
are random, seeded, and batch norm has statistics, so that nothing cancels out. A list of what was written goes to FOLDER/cases.json.
"""

import json
import sys
import warnings
from pathlib import Path

import torch
import torch.nn.functional as F
from safetensors.torch import save_file
from torch import nn

warnings.filterwarnings("ignore")


def conv_bn(inputs, outputs, kernel=3, activation=nn.ReLU, **options):
    padding = options.pop("padding", options.get("dilation", 1) * (kernel // 2))
    layers = [nn.Conv2d(inputs, outputs, kernel, padding=padding, bias=False, **options), nn.BatchNorm2d(outputs)]
    return nn.Sequential(*layers, *([activation()] if activation else []))


class BasicBlock(nn.Module):
    def __init__(self, inputs, outputs, stride):
        super().__init__()
        self.body = nn.Sequential(conv_bn(inputs, outputs, stride=stride), conv_bn(outputs, outputs, activation=None))
        same = stride == 1 and inputs == outputs
        self.skip = nn.Identity() if same else conv_bn(inputs, outputs, 1, activation=None, stride=stride)

    def forward(self, x):
        return F.relu(self.body(x) + self.skip(x))


class ResNet18(nn.Module):
    """[N, 3, H, W] -> logits [N, 10]."""

    def __init__(self, width=8):
        super().__init__()
        self.stem = nn.Sequential(conv_bn(3, width, 7, stride=2), nn.MaxPool2d(3, 2, 1))
        blocks, inputs = [], width
        for stage in range(4):
            for block in range(2):
                outputs = width * 2**stage
                blocks.append(BasicBlock(inputs, outputs, 2 if stage > 0 and block == 0 else 1))
                inputs = outputs
        self.blocks = nn.Sequential(*blocks)
        self.pool = nn.AdaptiveAvgPool2d(1)
        self.fc = nn.Linear(inputs, 10)

    def forward(self, x):
        return self.fc(torch.flatten(self.pool(self.blocks(self.stem(x))), 1))


class SqueezeExcite(nn.Module):
    def __init__(self, channels):
        super().__init__()
        self.reduce = nn.Conv2d(channels, channels // 4, 1)
        self.expand = nn.Conv2d(channels // 4, channels, 1)

    def forward(self, x):
        scale = F.adaptive_avg_pool2d(x, 1)
        return x * F.hardsigmoid(self.expand(F.relu(self.reduce(scale))))


class InvertedResidual(nn.Module):
    def __init__(self, inputs, outputs, stride, activation):
        super().__init__()
        hidden = inputs * 4
        self.body = nn.Sequential(
            conv_bn(inputs, hidden, 1, activation),
            conv_bn(hidden, hidden, 3, activation, stride=stride, groups=hidden),
            SqueezeExcite(hidden),
            conv_bn(hidden, outputs, 1, None),
        )
        self.residual = stride == 1 and inputs == outputs

    def forward(self, x):
        return x + self.body(x) if self.residual else self.body(x)


class MobileNet(nn.Module):
    """Depthwise, ReLU6, hard swish, squeeze and excite; mean over the image as `mean`."""

    def __init__(self):
        super().__init__()
        self.features = nn.Sequential(
            conv_bn(3, 8, 3, nn.Hardswish, stride=2),
            InvertedResidual(8, 8, 1, nn.ReLU6),
            InvertedResidual(8, 16, 2, nn.Hardswish),
            nn.Conv2d(16, 16, 3, padding=2, dilation=2, groups=16),
            nn.SiLU(),
        )
        self.classifier = nn.Sequential(nn.Dropout(0.2), nn.Linear(16, 5))

    def forward(self, x):
        return self.classifier(self.features(x).mean([2, 3]))


class DeepLab(nn.Module):
    """ASPP with dilated branches and image pooling, resized to the size of the image."""

    def __init__(self):
        super().__init__()
        self.encoder = nn.Sequential(conv_bn(3, 8, stride=2), conv_bn(8, 16, stride=2))
        rates = [conv_bn(16, 8, 3, dilation=rate) for rate in (2, 4, 6)]
        self.branches = nn.ModuleList([conv_bn(16, 8, 1), *rates])
        self.pooling = nn.Sequential(nn.AdaptiveAvgPool2d(1), conv_bn(16, 8, 1))
        self.project = conv_bn(40, 8, 1)
        self.head = nn.Conv2d(8, 4, 1)

    def forward(self, x):
        features = self.encoder(x)
        pooled = F.interpolate(self.pooling(features), size=features.shape[-2:], mode="bilinear", align_corners=False)
        joined = torch.cat([*(branch(features) for branch in self.branches), pooled], dim=1)
        logits = self.head(self.project(joined))
        return F.interpolate(logits, size=x.shape[-2:], mode="bilinear", align_corners=False)


class UNet(nn.Module):
    """Transposed convolutions; odd sizes are padded to those of the skip connection."""

    def __init__(self):
        super().__init__()
        self.down1 = nn.Sequential(conv_bn(1, 6, activation=nn.LeakyReLU), conv_bn(6, 6, activation=nn.PReLU))
        self.down2 = conv_bn(6, 12)
        self.bottom = conv_bn(12, 24)
        self.up2 = nn.ConvTranspose2d(24, 12, 2, stride=2)
        self.fuse2 = conv_bn(24, 12)
        self.up1 = nn.ConvTranspose2d(12, 6, 3, stride=2, padding=1, output_padding=1)
        self.fuse1 = conv_bn(12, 6)
        self.head = nn.Conv2d(6, 3, 1)

    @staticmethod
    def join(x, skip):
        rows, columns = skip.shape[2] - x.shape[2], skip.shape[3] - x.shape[3]
        x = F.pad(x, [columns // 2, columns - columns // 2, rows // 2, rows - rows // 2])
        return torch.cat([skip, x], 1)

    def forward(self, x):
        one = self.down1(x)
        two = self.down2(F.max_pool2d(one, 2))
        x = self.bottom(F.max_pool2d(two, 2))
        x = self.fuse2(self.join(self.up2(x), two))
        x = self.fuse1(self.join(self.up1(x), one))
        return F.softmax(self.head(x), dim=1)


class DenseNet(nn.Module):
    """Batch norm before its convolution, concatenations, average pools."""

    def __init__(self, growth=4, layers=4):
        super().__init__()
        self.stem = nn.Conv2d(3, 8, 3, padding=1)
        self.blocks, self.transitions, channels = nn.ModuleList(), nn.ModuleList(), 8
        for _ in range(2):
            block = nn.ModuleList()
            for _ in range(layers):
                block.append(
                    nn.Sequential(nn.BatchNorm2d(channels), nn.ReLU(), nn.Conv2d(channels, growth, 3, padding=1, bias=False))
                )
                channels += growth
            self.blocks.append(block)
            self.transitions.append(nn.Sequential(nn.BatchNorm2d(channels), nn.ReLU(), nn.Conv2d(channels, channels // 2, 1), nn.AvgPool2d(2)))
            channels //= 2
        self.fc = nn.Linear(channels, 6)

    def forward(self, x):
        x = self.stem(x)
        for block, transition in zip(self.blocks, self.transitions):
            for layer in block:
                x = torch.cat([x, layer(x)], 1)
            x = transition(x)
        return self.fc(F.adaptive_avg_pool2d(F.relu(x), (1, 1)).flatten(1))


class Decoder(nn.Module):
    """What segmentation heads are made of: nearest and align-corners resizing, pixel shuffle, chunks, reflection, argmax."""

    def __init__(self):
        super().__init__()
        self.expand = nn.Conv2d(3, 16, 3, padding=1, padding_mode="reflect")
        self.shuffle = nn.PixelShuffle(2)
        self.mix = nn.Conv2d(4, 8, 3, padding=1)
        self.head = nn.Conv2d(8, 5, 1)

    def forward(self, x):
        x = self.shuffle(F.relu6(self.expand(x)))
        x = F.interpolate(self.mix(F.avg_pool2d(x, 3, 2, 1)), scale_factor=2, mode="nearest")
        a, b = x.chunk(2, 1)
        x = torch.cat([a * torch.sigmoid(b), a - b], 1)
        x = F.interpolate(x, scale_factor=2, mode="bilinear", align_corners=True)
        logits = self.head(x[:, :, 1:-1, ::2])
        return F.log_softmax(logits, 1), logits.argmax(1)


networks = {
    "resnet18": (ResNet18, 3),
    "mobilenet": (MobileNet, 3),
    "deeplab": (DeepLab, 3),
    "unet": (UNet, 1),
    "densenet": (DenseNet, 3),
    "decoder": (Decoder, 3),
}


def build(name):
    torch.manual_seed(sum(map(ord, name)))
    create, channels = networks[name]
    network = create().eval()
    for module in network.modules():
        if isinstance(module, nn.BatchNorm2d):
            nn.init.uniform_(module.running_mean, -0.3, 0.3)
            nn.init.uniform_(module.running_var, 0.5, 1.5)
            nn.init.uniform_(module.weight, 0.5, 1.5)
            nn.init.uniform_(module.bias, -0.3, 0.3)
    return network, channels


def export(network, example, path, dynamo, is_open):
    if dynamo:
        sizes = ({0: torch.export.Dim.DYNAMIC, 2: torch.export.Dim.DYNAMIC, 3: torch.export.Dim.DYNAMIC},)
        torch.onnx.export(network, (example,), path, dynamo=True, verbose=False, input_names=["image"], dynamic_shapes=sizes if is_open else None)
    else:
        axes = {"image": {0: "batch", 2: "height", 3: "width"}} if is_open else None
        torch.onnx.export(network, (example,), path, dynamo=False, input_names=["image"], dynamic_axes=axes)


def main(folder):
    folder.mkdir(parents=True, exist_ok=True)
    cases = []
    for name in networks:
        network, channels = build(name)
        for dynamo in (False, True):
            for is_open in (False, True):
                case = f"{name}-{'dynamo' if dynamo else 'torchscript'}-{'open' if is_open else 'static'}"
                example = torch.randn(2, channels, 64, 48)
                image = torch.randn(3, channels, 72, 88) if is_open else example
                export(network, example, folder / f"{case}.onnx", dynamo, is_open)
                with torch.no_grad():
                    outputs = network(image)
                outputs = outputs if isinstance(outputs, tuple) else (outputs,)
                tensors = {f"output{i}": output.contiguous() for i, output in enumerate(outputs)}
                save_file({"image": image, **tensors}, folder / f"{case}.safetensors")
                cases.append(case)
    (folder / "cases.json").write_text(json.dumps(cases))


if __name__ == "__main__":
    main(Path(sys.argv[1]))
