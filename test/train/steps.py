"""Writes what PyTorch computes when it trains MSFF-ResNet18: what the engine's own steps are compared with.

DIR/CASE.safetensors, f32 but for the labels:
    parameter:<name>   first values, running statistics too
    input:image        [N, 3, H, W]
    input:labels       [N, H, W], u8
    gradient:<name>    d(loss)/d(parameter) of the first step
    sgd:<name>, adam:<name>   parameters and running statistics after ten steps
    losses:sgd, losses:adam   [10]
  with metadata `options` (JSON, those of the network).

The loss is cross-entropy; SGD with momentum 0.9 and weight decay 1e-4 at 0.05, Adam at 1e-3. Training mode throughout.
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
    # name: options, input shape
    "small": (dict(classes=3, width=0.25, pools=(2, 3)), (4, 3, 96, 96)),
    "plain": (dict(classes=2, width=0.125, msff=False), (2, 3, 64, 96)),
    "full": (dict(classes=2, pools=(2, 3)), (2, 3, 96, 96)),
}
OPTIMIZERS = {
    "sgd": lambda parameters: torch.optim.SGD(parameters, lr=0.05, momentum=0.9, weight_decay=1e-4),
    "adam": lambda parameters: torch.optim.Adam(parameters, lr=1e-3),
}


def blobs(shape, classes, generator):
    """Images of smooth spots, and labels that follow from their brightness."""
    items, channels, height, width = shape
    coarse = torch.rand((items, channels, 6, 6), generator=generator)
    image = torch.nn.functional.interpolate(coarse, (height, width), mode="bicubic") * 4 - 2
    image += 0.3 * torch.randn(shape, generator=generator)
    levels = torch.linspace(-1, 1, classes + 1)[1:-1]
    return image.contiguous(), torch.bucketize(image.mean(1), levels)


def state_of(network):
    return {name: tensor for name, tensor in network.state_dict().items() if tensor.is_floating_point()}


def train(network, image, labels, optimizer):
    """Ten steps; returns their losses and the gradients of the first."""
    losses, gradients = [], {}
    for step in range(STEPS):
        optimizer.zero_grad()
        loss = torch.nn.functional.cross_entropy(network(image), labels)
        loss.backward()
        if step == 0:
            gradients = {name: parameter.grad.clone() for name, parameter in network.named_parameters()}
        optimizer.step()
        losses.append(loss.item())
    return losses, gradients


def main(folder):
    for case, (options, shape) in CASES.items():
        generator = torch.Generator().manual_seed(7)
        torch.manual_seed(7)
        network = MsffResNet18(**options).train()
        first = {name: tensor.clone() for name, tensor in network.state_dict().items()}
        image, labels = blobs(shape, options["classes"], generator)
        tensors = {f"parameter:{name}": tensor.clone() for name, tensor in state_of(network).items()}
        tensors |= {"input:image": image, "input:labels": labels.to(torch.uint8)}
        for name, create in OPTIMIZERS.items():
            network.load_state_dict(first)
            losses, gradients = train(network, image, labels, create(network.parameters()))
            tensors[f"losses:{name}"] = torch.tensor(losses)
            tensors |= {f"{name}:{key}": tensor.clone() for key, tensor in state_of(network).items()}
        tensors |= {f"gradient:{name}": tensor for name, tensor in gradients.items()}
        save_file(tensors, folder / f"{case}.safetensors", {"options": json.dumps(options)})


if __name__ == "__main__":
    main(Path(sys.argv[1]))
