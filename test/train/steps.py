"""Writes what PyTorch computes when it trains MSFF-ResNet18: what the engine's own steps are compared with.

DIR/CASE.safetensors, f32 but for the labels:
    parameter:<name>   first values, running statistics too
    input:image        [N, 3, H, W]
    input:labels       [N, H, W], u8
    gradient:<name>    d(loss)/d(parameter) of the first step
    sgd:<name>, adam:<name>   parameters and running statistics after ten steps
    losses:sgd, losses:adam   [10]
  with metadata `options` (those of the network) and `rates` (of each optimizer), JSON.

The loss is cross-entropy; SGD has momentum 0.9 and weight decay 1e-4. Training mode throughout. Seeds and rates are such
that PyTorch agrees with itself in f32 and f64: where a rounding error flips a ReLU, gradients jump by a per cent or more
(PyTorch's own two differ so for about half of the seeds), and losses of larger rates go apart within ten steps. Each loss in f64 is written too, `losses64:`.
"""

import json
import sys
from pathlib import Path

import torch
from safetensors.torch import save_file

sys.path.insert(0, str(Path(__file__).parents[2] / "weights" / "export"))
from msff_resnet18 import MsffResNet18  # noqa: E402

STEPS = 10
CASES = {
    # name: options, input shape, seed, rates; gradients alone where there are none
    "small": (dict(classes=3, width=0.25, pools=(1, 2)), (4, 3, 64, 64), 5, dict(sgd=3e-4, adam=3e-6)),
    "plain": (dict(classes=2, width=0.125, msff=False), (2, 3, 64, 96), 7, dict(sgd=1e-2, adam=1e-5)),
    "full": (dict(classes=2, pools=(1,)), (2, 3, 64, 64), 1, {}),
}
OPTIMIZERS = {
    "sgd": lambda parameters, rate: torch.optim.SGD(parameters, lr=rate, momentum=0.9, weight_decay=1e-4),
    "adam": lambda parameters, rate: torch.optim.Adam(parameters, lr=rate),
}


def blobs(shape, classes, generator):
    """Images of smooth spots, and labels that follow from their brightness."""
    items, channels, height, width = shape
    coarse = torch.rand((items, channels, 6, 6), generator=generator)
    image = torch.nn.functional.interpolate(coarse, (height, width), mode="bicubic") * 4 - 2
    image += 0.3 * torch.randn(shape, generator=generator)
    levels = torch.linspace(-1, 1, classes + 1)[1:-1]
    return image.contiguous(), torch.bucketize(image.mean(1), levels)


@torch.no_grad()
def shift_norms(network, generator):
    """Batch norms unlike the identity, whose scale before a second norm would have no gradient but rounding errors."""
    for module in network.modules():
        if isinstance(module, torch.nn.BatchNorm2d):
            module.weight.uniform_(0.6, 1.4, generator=generator)
            module.bias.uniform_(-0.3, 0.3, generator=generator)


def state_of(network):
    return {name: tensor for name, tensor in network.state_dict().items() if tensor.is_floating_point()}


def gradients_of(network, image, labels):
    loss = torch.nn.functional.cross_entropy(network(image), labels)
    loss.backward()
    return {name: parameter.grad.clone() for name, parameter in network.named_parameters()}


def train(network, image, labels, optimizer):
    """The losses of ten steps."""
    losses = []
    for _ in range(STEPS):
        optimizer.zero_grad()
        loss = torch.nn.functional.cross_entropy(network(image), labels)
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    return losses


def main(folder):
    for case, (options, shape, seed, rates) in CASES.items():
        generator = torch.Generator().manual_seed(seed)
        torch.manual_seed(seed)
        network = MsffResNet18(**options).train()
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
        metadata = {"options": json.dumps(options), "rates": json.dumps(rates)}
        save_file(tensors, folder / f"{case}.safetensors", metadata)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
