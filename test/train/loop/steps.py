"""Writes what PyTorch computes when it trains MSFF-ResNet18, and a small U-Net on volumes: what the engine's own steps are
compared with.

DIR/CASE.safetensors, f32 but for the labels:
    parameter:<name>   first values, running statistics too
    input:image        [N, C, H, W], of volumes [N, C, D, H, W]
    input:labels       [N, H, W] or [N, D, H, W], u8
    gradient:<name>    d(loss)/d(parameter) of the first step
    sgd:<name>, adam:<name>   parameters and running statistics after ten steps
    losses:sgd, losses:adam   [10]
  with metadata `network`, `options` (those of the network) and `rates` (of each optimizer), JSON but for the name.

The loss is cross-entropy, of several heads their sum; SGD has momentum 0.9 and weight decay 1e-4. Training mode throughout. Seeds and rates are such
that PyTorch agrees with itself in f32 and f64: where a rounding error flips a ReLU, gradients jump by a per cent or more
(PyTorch's own two differ so for about half of the seeds), and losses of larger rates go apart within ten steps. Each loss in f64 is written too, `losses64:`.
"""

import json
import sys
from pathlib import Path

import torch
from safetensors.torch import save_file

sys.path.insert(0, str(Path(__file__).parents[3] / "weights" / "export"))
import networks  # noqa: E402


class UNet3d(torch.nn.Module):
    """Two poolings, transposed convolutions back up, and skips; its twin is unet3d.ts."""

    def __init__(self, classes, width):
        super().__init__()
        self.encoder1 = Unit3d(1, width)
        self.encoder2 = Unit3d(width, 2 * width)
        self.bottom = Unit3d(2 * width, 4 * width)
        self.up2 = torch.nn.ConvTranspose3d(4 * width, 2 * width, 2, stride=2)
        self.decoder2 = Unit3d(4 * width, 2 * width)
        self.up1 = torch.nn.ConvTranspose3d(2 * width, width, 2, stride=2)
        self.decoder1 = Unit3d(2 * width, width)
        self.head = torch.nn.Conv3d(width, classes, 1)

    def forward(self, volume):
        pool = torch.nn.functional.max_pool3d
        first = self.encoder1(volume)
        second = self.encoder2(pool(first, 2))
        bottom = self.bottom(pool(second, 2))
        middle = self.decoder2(torch.cat([self.up2(bottom), second], 1))
        return self.head(self.decoder1(torch.cat([self.up1(middle), first], 1)))


class Unit3d(torch.nn.Module):
    def __init__(self, channels, out_channels):
        super().__init__()
        self.conv = torch.nn.Conv3d(channels, out_channels, 3, padding=1, bias=False)
        self.bn = torch.nn.BatchNorm3d(out_channels)

    def forward(self, x):
        return torch.relu(self.bn(self.conv(x)))


STEPS = 10
NETWORKS = {**networks.NETWORKS, "unet3d": UNet3d}
CASES = {
    # name: network, options, input shape, seed, rates; gradients alone where there are none
    "volume": ("unet3d", dict(classes=3, width=4), (2, 1, 8, 12, 16), 5, dict(sgd=3e-2)),
    "small": ("msff-resnet18", dict(classes=3, width=0.25, pools=(1, 2)), (4, 3, 64, 64), 5, dict(sgd=3e-4, adam=3e-6)),
    "plain": ("msff-resnet18", dict(classes=2, width=0.125, msff=False), (2, 3, 64, 96), 7, dict(sgd=1e-2, adam=1e-5)),
    "attention-unet": ("attention-unet", dict(classes=2, width=1 / 16, in_channels=1), (2, 1, 32, 48), 6, dict(sgd=1e-5)),
    "segnet": ("segnet", dict(classes=2, width=1 / 16, in_channels=1), (2, 1, 45, 67), 7, dict(sgd=1e-5)),
    "r2unet": ("r2unet", dict(classes=2, width=1 / 16, in_channels=1), (2, 1, 32, 48), 5, dict(sgd=1e-5)),
    "attention-r2unet": ("attention-r2unet", dict(classes=2, width=1 / 16, in_channels=1), (2, 1, 32, 48), 6, dict(sgd=1e-8)),
    "unet-plus-plus": ("unet-plus-plus", dict(classes=2, width=1 / 8, in_channels=1, deep_supervision=True), (2, 1, 32, 48), 1, dict(sgd=1e-4)),
    "anu-net": ("anu-net", dict(classes=2, width=1 / 8, in_channels=1), (2, 1, 32, 48), 1, dict(sgd=1e-4)),
    "full": ("msff-resnet18", dict(classes=2, pools=(1,)), (2, 3, 64, 64), 1, {}),
}
OPTIMIZERS = {
    "sgd": lambda parameters, rate: torch.optim.SGD(parameters, lr=rate, momentum=0.9, weight_decay=1e-4),
    "adam": lambda parameters, rate: torch.optim.Adam(parameters, lr=rate),
}


def blobs(shape, classes, generator):
    """Images or volumes of smooth spots, and labels that follow from their brightness."""
    items, channels, *size = shape
    coarse = torch.rand((items, channels, *[6 for _ in size]), generator=generator)
    mode = "bicubic" if len(size) == 2 else "trilinear"
    image = torch.nn.functional.interpolate(coarse, size, mode=mode) * 4 - 2
    image += 0.3 * torch.randn(shape, generator=generator)
    levels = torch.linspace(-1, 1, classes + 1)[1:-1]
    return image.contiguous(), torch.bucketize(image.mean(1), levels)


@torch.no_grad()
def shift_norms(network, generator):
    """Batch norms unlike the identity, whose scale before a second norm would have no gradient but rounding errors."""
    for module in network.modules():
        if isinstance(module, (torch.nn.BatchNorm2d, torch.nn.BatchNorm3d)):
            module.weight.uniform_(0.6, 1.4, generator=generator)
            module.bias.uniform_(-0.3, 0.3, generator=generator)


def state_of(network):
    return {name: tensor for name, tensor in network.state_dict().items() if tensor.is_floating_point()}


def loss_of(network, image, labels):
    """The sum of all heads' losses."""
    heads = network(image)
    heads = heads if isinstance(heads, tuple) else (heads,)
    return sum(torch.nn.functional.cross_entropy(head, labels) for head in heads)


def gradients_of(network, image, labels):
    loss = loss_of(network, image, labels)
    loss.backward()
    return {name: parameter.grad.clone() for name, parameter in network.named_parameters()}


def train(network, image, labels, optimizer):
    """The losses of ten steps."""
    losses = []
    for _ in range(STEPS):
        optimizer.zero_grad()
        loss = loss_of(network, image, labels)
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    return losses


def main(folder, cases):
    for case in cases:
        kind, options, shape, seed, rates = CASES[case]
        generator = torch.Generator().manual_seed(seed)
        torch.manual_seed(seed)
        network = NETWORKS[kind](**options).train()
        shift_norms(network, generator)
        first = {name: tensor.clone() for name, tensor in network.state_dict().items()}
        image, labels = blobs(shape, options["classes"], generator)
        tensors = {f"parameter:{name}": tensor.clone() for name, tensor in state_of(network).items()}
        tensors |= {"input:image": image, "input:labels": labels.to(torch.uint8)}
        tensors |= {f"gradient:{name}": tensor for name, tensor in gradients_of(network, image, labels).items()}
        for name, rate in rates.items():
            for dtype, suffix in ((torch.float64, "64"), (torch.float32, "")):
                network.to(dtype).load_state_dict(first)
                losses = train(network, image.to(dtype), labels, OPTIMIZERS[name](network.parameters(), rate))
                tensors[f"losses{suffix}:{name}"] = torch.tensor(losses)
            tensors |= {f"{name}:{key}": tensor.clone() for key, tensor in state_of(network).items()}
        metadata = {"network": kind, "options": json.dumps(options), "rates": json.dumps(rates)}
        save_file(tensors, folder / f"{case}.safetensors", metadata)


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2:] or CASES)
