#!/usr/bin/env python3
"""Exports small networks of this field with both ONNX exporters of PyTorch, static and with open sizes, and their outputs.

    python3 test/conformance/export.py [--full | --short] FOLDER [NETWORK ...]

Writes FOLDER/NETWORK-EXPORTER-SHAPES.onnx and, beside it, .safetensors with the inputs and what PyTorch computes of them in f32.
SHAPES is static, open, or half: static sizes, weights and image in f16. Weights are random, seeded, and batch norm has statistics,
so that nothing cancels out. A list of what was written goes to FOLDER/cases.json.
With --short TorchScript writes static sizes and halves, and the other exporter open sizes. With --full each is written once, as NETWORK.onnx: static, by TorchScript, at full width, for one larger image.
"""

import json
import sys
import warnings
from dataclasses import dataclass, field
from pathlib import Path

import torch
import torch.nn.functional as F
from safetensors.torch import save_file
from torch import nn

sys.path.append(str(Path(__file__).parents[2] / "weights" / "export"))
from networks import MsffResNet18  # noqa: E402

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

    def __init__(self, width=8):
        super().__init__()
        self.encoder = nn.Sequential(conv_bn(3, width, stride=2), conv_bn(width, 2 * width, stride=2))
        rates = [conv_bn(2 * width, width, 3, dilation=rate) for rate in (2, 4, 6)]
        self.branches = nn.ModuleList([conv_bn(2 * width, width, 1), *rates])
        self.pooling = nn.Sequential(nn.AdaptiveAvgPool2d(1), conv_bn(2 * width, width, 1))
        self.project = conv_bn(5 * width, width, 1)
        self.head = nn.Conv2d(width, 4, 1)

    def forward(self, x):
        features = self.encoder(x)
        pooled = F.interpolate(self.pooling(features), size=features.shape[-2:], mode="bilinear", align_corners=False)
        joined = torch.cat([*(branch(features) for branch in self.branches), pooled], dim=1)
        logits = self.head(self.project(joined))
        return F.interpolate(logits, size=x.shape[-2:], mode="bilinear", align_corners=False)


class UNet(nn.Module):
    """Transposed convolutions; odd sizes are padded to those of the skip connection."""

    def __init__(self, width=6):
        super().__init__()
        one, two, four = width, 2 * width, 4 * width
        self.down1 = nn.Sequential(conv_bn(1, one, activation=nn.LeakyReLU), conv_bn(one, one, activation=nn.PReLU))
        self.down2 = conv_bn(one, two)
        self.bottom = conv_bn(two, four)
        self.up2 = nn.ConvTranspose2d(four, two, 2, stride=2)
        self.fuse2 = conv_bn(four, two)
        self.up1 = nn.ConvTranspose2d(two, one, 3, stride=2, padding=1, output_padding=1)
        self.fuse1 = conv_bn(two, one)
        self.head = nn.Conv2d(one, 3, 1)

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
        channels = 2 * growth
        self.stem = nn.Conv2d(3, channels, 3, padding=1)
        self.blocks, self.transitions = nn.ModuleList(), nn.ModuleList()
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


class Bottleneck(nn.Module):
    def __init__(self, inputs, width, stride):
        super().__init__()
        outputs = 4 * width
        self.body = nn.Sequential(
            conv_bn(inputs, width, 1), conv_bn(width, width, 3, stride=stride), conv_bn(width, outputs, 1, activation=None)
        )
        self.skip = nn.Identity() if inputs == outputs else conv_bn(inputs, outputs, 1, activation=None, stride=stride)

    def forward(self, x):
        return F.relu(self.body(x) + self.skip(x))


class ResNet50(nn.Module):
    """Its 3, 4, 6 and 3 bottlenecks, an eighth as wide."""

    def __init__(self, width=8):
        super().__init__()
        self.stem = nn.Sequential(conv_bn(3, width, 7, stride=2), nn.MaxPool2d(3, 2, 1))
        blocks, inputs = [], width
        for stage, count in enumerate((3, 4, 6, 3)):
            for block in range(count):
                blocks.append(Bottleneck(inputs, width * 2**stage, 2 if stage > 0 and block == 0 else 1))
                inputs = 4 * width * 2**stage
        self.blocks = nn.Sequential(*blocks)
        self.fc = nn.Linear(inputs, 10)

    def forward(self, x):
        return self.fc(self.blocks(self.stem(x)).mean((2, 3)))


class Msff(MsffResNet18):
    """The twin of this engine's own network, by default an eighth as wide."""

    def __init__(self, width=0.125):
        super().__init__(classes=2, width=width)


def conv_norm3d(inputs, outputs, norm, **options):
    return nn.Sequential(nn.Conv3d(inputs, outputs, 3, padding=1, **options), norm(outputs), nn.LeakyReLU(0.01))


class UNet3d(nn.Module):
    """Volumes; instance norm on the way down, group norm on the way up, one trilinear and one transposed step."""

    def __init__(self, width=8):
        super().__init__()
        one, two, three = width, 2 * width, 3 * width
        instance = lambda channels: nn.InstanceNorm3d(channels, affine=True)
        group = lambda channels: nn.GroupNorm(4, channels)
        self.down1 = conv_norm3d(1, one, instance)
        self.down2 = conv_norm3d(one, two, instance, stride=2)
        self.bottom = nn.Sequential(nn.MaxPool3d(2), conv_norm3d(two, three, nn.BatchNorm3d))
        self.fuse2 = conv_norm3d(two + three, two, group)
        self.up1 = nn.ConvTranspose3d(two, one, 2, stride=2)
        self.fuse1 = conv_norm3d(two, one, group)
        self.gate = nn.Linear(three, one)
        self.head = nn.Conv3d(one, 3, 1)

    def forward(self, x):
        one = self.down1(x)
        two = self.down2(one)
        x = self.bottom(two)
        gate = torch.sigmoid(self.gate(F.adaptive_avg_pool3d(x, 1).flatten(1)))[:, :, None, None, None]
        x = self.fuse2(torch.cat([F.interpolate(x, scale_factor=2, mode="trilinear"), two], 1))
        x = self.fuse1(torch.cat([self.up1(x), one], 1))
        return self.head(x * gate)


class MobileNetV3(nn.Module):
    """Rows of torchvision's mobilenet_v3_small: kernels of 5, SE with hard sigmoid, hard swish, a wide last layer."""

    def __init__(self):
        super().__init__()
        rows = [(3, 16, 16, True, nn.ReLU, 2), (3, 72, 24, False, nn.ReLU, 2), (5, 96, 40, True, nn.Hardswish, 2), (5, 240, 40, True, nn.Hardswish, 1)]
        blocks, inputs = [conv_bn(3, 16, 3, nn.Hardswish, stride=2)], 16
        for kernel, hidden, outputs, excited, activation, stride in rows:
            body = [conv_bn(inputs, hidden, 1, activation), conv_bn(hidden, hidden, kernel, activation, stride=stride, groups=hidden)]
            body += [SqueezeExcite(hidden)] if excited else []
            block = nn.Sequential(*body, conv_bn(hidden, outputs, 1, None))
            blocks.append(Residual(block) if stride == 1 and inputs == outputs else block)
            inputs = outputs
        self.features = nn.Sequential(*blocks, conv_bn(inputs, 64, 1, nn.Hardswish), nn.AdaptiveAvgPool2d(1))
        self.classifier = nn.Sequential(nn.Linear(64, 48), nn.Hardswish(), nn.Dropout(0.2), nn.Linear(48, 7))

    def forward(self, x):
        return self.classifier(self.features(x).flatten(1))


class Residual(nn.Module):
    def __init__(self, body):
        super().__init__()
        self.body = body

    def forward(self, x):
        return x + self.body(x)


class LayerNorm2d(nn.Module):
    """Over channels, as ConvNeXt's authors spell it out."""

    def __init__(self, channels):
        super().__init__()
        self.weight = nn.Parameter(torch.linspace(0.5, 1.5, channels))
        self.bias = nn.Parameter(torch.linspace(-0.3, 0.3, channels))

    def forward(self, x):
        mean = x.mean(1, keepdim=True)
        variance = (x - mean).pow(2).mean(1, keepdim=True)
        x = (x - mean) / torch.sqrt(variance + 1e-6)
        return self.weight[:, None, None] * x + self.bias[:, None, None]


class ConvNeXtBlock(nn.Module):
    def __init__(self, channels, approximate):
        super().__init__()
        self.depthwise = nn.Conv2d(channels, channels, 7, padding=3, groups=channels)
        self.norm = nn.LayerNorm(channels, eps=1e-6)
        self.expand = nn.Linear(channels, 4 * channels)
        self.gelu = nn.GELU(approximate)
        self.reduce = nn.Linear(4 * channels, channels)
        self.scale = nn.Parameter(torch.linspace(0.2, 1, channels))

    def forward(self, x):
        y = self.norm(self.depthwise(x).permute(0, 2, 3, 1))
        y = self.scale * self.reduce(self.gelu(self.expand(y)))
        return x + y.permute(0, 3, 1, 2)


class ConvNeXt(nn.Module):
    """Layer norm in both layouts, GELU exact and by tanh, linear layers on [N, H, W, C]; attention over pixels at the end."""

    def __init__(self, width=12):
        super().__init__()
        one, two = width, 2 * width
        self.stem = nn.Sequential(nn.Conv2d(3, one, 4, stride=4), LayerNorm2d(one))
        self.one = nn.Sequential(ConvNeXtBlock(one, "none"), ConvNeXtBlock(one, "none"))
        self.down = nn.Sequential(LayerNorm2d(one), nn.Conv2d(one, two, 2, stride=2))
        self.two = ConvNeXtBlock(two, "tanh")
        self.qkv = nn.Linear(two, 3 * two)
        self.head = nn.Linear(two, 5)
        self.width = two

    def forward(self, x):
        x = self.two(self.down(self.one(self.stem(x))))
        rows = x.flatten(2).transpose(1, 2)
        q, k, v = self.qkv(rows).chunk(3, -1)
        rows = rows + F.softmax(q @ k.transpose(1, 2) / self.width**0.5, -1) @ v
        return self.head(F.normalize(rows, dim=-1).mean(1)), x


class Masks(nn.Module):
    """What surrounds networks: thresholds, masks, indices, clamps, running over classes; half of it on integers."""

    def __init__(self):
        super().__init__()
        self.conv = nn.Conv2d(2, 4, 3, padding=1)
        self.register_buffer("palette", torch.linspace(-1, 1, 12).reshape(4, 3))

    def forward(self, x):
        logits = self.conv(x)
        labels = logits.argmax(1)
        colours = self.palette[labels].permute(0, 3, 1, 2)
        best = logits.amax(1, keepdim=True)
        mask = (best > 0.2) & ~(labels == 2).unsqueeze(1)
        kept = torch.where(mask, best, torch.full_like(best, -1.0)).clamp(-0.5, 0.5)
        area = mask.float().sum((2, 3)) / mask[0, 0].numel()
        return colours * kept, area, F.softplus(logits).logsumexp(1), (labels + 3) % 4, F.mish(logits) + F.celu(logits, 0.5)


@dataclass
class Case:
    create: type
    channels: int
    shape: tuple = (64, 48)
    # Of the image that an export with open sizes is run on.
    other: tuple = (72, 88)
    multiple: int = 1
    half: bool = False
    # Of the export that is measured, and the image's size there.
    full: dict = field(default_factory=dict)
    full_shape: tuple = (224, 224)


networks = {
    "resnet18": Case(ResNet18, 3, half=True, full={"width": 64}),
    "resnet50": Case(ResNet50, 3, full={"width": 64}),
    "msff-resnet18": Case(Msff, 3, (160, 192), (192, 160), multiple=32, half=True, full={"width": 1}),
    "mobilenet": Case(MobileNet, 3),
    "mobilenet-v3": Case(MobileNetV3, 3, half=True),
    "convnext": Case(ConvNeXt, 3, half=True, full={"width": 96}),
    "deeplab": Case(DeepLab, 3, full={"width": 64}),
    "unet": Case(UNet, 1, half=True, full={"width": 32}),
    "unet3d": Case(UNet3d, 1, (16, 24, 20), (24, 16, 28), multiple=4, half=True, full={"width": 16}, full_shape=(32, 64, 64)),
    "densenet": Case(DenseNet, 3, full={"growth": 32, "layers": 6}),
    "decoder": Case(Decoder, 3),
    "masks": Case(Masks, 2, (20, 24), (28, 12)),
}


def build(name, **options):
    torch.manual_seed(sum(map(ord, name)))
    network = networks[name].create(**options).eval()
    for module in network.modules():
        if isinstance(module, (nn.BatchNorm2d, nn.BatchNorm3d)):
            nn.init.uniform_(module.running_mean, -0.3, 0.3)
            nn.init.uniform_(module.running_var, 0.5, 1.5)
        if isinstance(module, (nn.BatchNorm2d, nn.BatchNorm3d, nn.InstanceNorm3d, nn.GroupNorm, nn.LayerNorm)):
            nn.init.uniform_(module.weight, 0.5, 1.5)
            nn.init.uniform_(module.bias, -0.3, 0.3)
    return network


def export(network, example, path, dynamo, multiple):
    """`multiple`: what open sizes are multiples of; None for static ones."""
    names = {0: "batch", **{axis + 2: name for axis, name in enumerate(("height", "width", "depth")[: example.dim() - 2])}}
    if dynamo:
        size = lambda axis, name: torch.export.Dim.DYNAMIC if multiple == 1 or axis == 0 else multiple * torch.export.Dim(name)
        sizes = multiple and ({axis: size(axis, name) for axis, name in names.items()},)
        torch.onnx.export(network, (example,), path, dynamo=True, verbose=False, input_names=["image"], dynamic_shapes=sizes)
    else:
        axes = multiple and {"image": names}
        torch.onnx.export(network, (example,), path, dynamo=False, input_names=["image"], dynamic_axes=axes)


def write(name, case, dynamo, shapes, folder):
    network = build(name)
    example = torch.randn(2, case.channels, *case.shape)
    image = torch.randn(3, case.channels, *case.other) if shapes == "open" else example
    with torch.no_grad():
        if shapes == "half":
            # What rounding the weights and the image costs is the export's, not the engine's.
            network, image = network.half().float(), image.half().float()
        outputs = network(image)
    outputs = outputs if isinstance(outputs, tuple) else (outputs,)
    if shapes == "half":
        network, example = network.half(), example.half()
    file = f"{name}-{'dynamo' if dynamo else 'torchscript'}-{shapes}"
    export(network, example, folder / f"{file}.onnx", dynamo, case.multiple if shapes == "open" else None)
    save(image, outputs, folder / f"{file}.safetensors")
    return {"name": file, "network": name, "exporter": "dynamo" if dynamo else "torchscript", "shapes": shapes}


def save(image, outputs, path):
    tensors = {f"output{i}": output.contiguous() for i, output in enumerate(outputs)}
    save_file({"image": image, **tensors}, path)


def write_full(name, case, folder):
    """One image, at the width that is measured."""
    network = build(name, **case.full)
    image = torch.randn(1, case.channels, *case.full_shape)
    with torch.no_grad():
        outputs = network(image)
    export(network, image, folder / f"{name}.onnx", dynamo=False, multiple=None)
    save(image, outputs if isinstance(outputs, tuple) else (outputs,), folder / f"{name}.safetensors")


def main(folder, names, full, short):
    folder.mkdir(parents=True, exist_ok=True)
    chosen = {name: case for name, case in networks.items() if not names or name in names}
    if full:
        for name, case in chosen.items():
            write_full(name, case, folder)
        return
    cases = [
        write(name, case, dynamo, shapes, folder)
        for name, case in chosen.items()
        for dynamo in (False, True)
        for shapes in ("static", "open", *(["half"] if case.half else []))
        if not short or dynamo == (shapes == "open")
    ]
    (folder / "cases.json").write_text(json.dumps(cases))


if __name__ == "__main__":
    given = [argument for argument in sys.argv[1:] if argument not in ("--full", "--short")]
    main(Path(given[0]), given[1:], full="--full" in sys.argv, short="--short" in sys.argv)
