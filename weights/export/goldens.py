"""Writes what PyTorch computes, layer by layer, for the engine to be compared with.

DIR/CASE/model.safetensors      an exported network (weights_file.py)
DIR/CASE/reference.safetensors  f32 tensors:
    input:image     [N, C, H, W]
    layer:<module>  what the module of that dotted name returns, for those that the network's twin says it records:
                    every batch norm (before its ReLU), pools, blocks and the module that returns the logits
    output:<head>   [N, classes, H, W], `logits` and, with deep supervision, the other heads
  with metadata `atrous.order` (JSON list of the layers in the order they ran) and `atrous.torch` (version); where gradients
  are recorded, beside them (gradients.py)
    output-gradient:<head>   d(loss)/d(head)
    gradient:<name>          d(loss)/d(name) of `image`, every parameter and every running statistic

Weights of the committed cases are random but seeded, with every batch norm statistic far from its default and
activations of order one. Eval mode throughout. To keep the files small they store weights as f16 (the reference is
of the rounded weights, in f32), and most record only the coarser layers beside the logits. Gradients are those of narrow
networks. The cases stand in the files of their networks (`networks/`). On one machine with one PyTorch a case has the same
bytes each time.
"""

import argparse
import json
import math
from pathlib import Path

import torch
from torch import nn

from gradients import steady_gradients
from networks import GOLDENS
from weights_file import read_weights, save_tensors, write_weights


@torch.no_grad()
def randomize(network, generator):
    """Seeded weights that keep activations of order one: convolutions of gain one, batch norms that scale
    by 0.6 to 1.4, shift by up to 0.3, and hold a mean and variance unlike (0, 1)."""

    def uniform(tensor, low, high):
        tensor.copy_(torch.rand(tensor.shape, generator=generator) * (high - low) + low)

    for module in network.modules():
        if isinstance(module, (nn.Conv2d, nn.ConvTranspose2d)):
            if isinstance(module, nn.ConvTranspose2d):  # each output pixel sees R*S / stride^2 taps of every channel
                fan_in = module.in_channels * math.prod(module.kernel_size) / math.prod(module.stride)
            else:
                fan_in = module.weight[0].numel()
            deviation = fan_in**-0.5
            module.weight.copy_(torch.randn(module.weight.shape, generator=generator) * deviation)
            if module.bias is not None:
                uniform(module.bias, -0.2, 0.2)
        elif isinstance(module, nn.BatchNorm2d):
            uniform(module.running_mean, -0.3, 0.3)
            uniform(module.running_var, 0.5, 1.5)
            uniform(module.weight, 0.6, 1.4)
            uniform(module.bias, -0.3, 0.3)
        elif isinstance(module, nn.GroupNorm):
            uniform(module.weight, 0.6, 1.4)
            uniform(module.bias, -0.3, 0.3)


@torch.no_grad()
def record(network, image, finest=1):
    """Runs the network and returns ({layer: output} in the order in which the modules finished, {head: logits}).

    Layers larger than 1/finest of the image are left out, but for the logits.
    """
    outputs, hooks = {}, []
    for name, module in network.named_modules():
        if network.is_recorded(name):

            def keep(_module, _inputs, output, name=name):
                if name == network.LOGITS or output.shape[2] * finest <= image.shape[2]:
                    outputs[name] = output.clone().contiguous()

            hooks.append(module.register_forward_hook(keep))
    results = network(image)
    for hook in hooks:
        hook.remove()
    results = results if isinstance(results, tuple) else (results,)
    return outputs, dict(zip(network.HEADS, results, strict=True))


def write_golden(folder, network, image, finest=1, half=False, gradients=False):
    """Writes folder/model.safetensors and, of that file's weights, folder/reference.safetensors.

    With `gradients` the image is another of its shape (see gradients.py).
    """
    folder = Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    labels = [f"class {index}" for index in range(network.options["classes"])]
    write_weights(folder / "model.safetensors", network, labels, half=half)
    network, _ = read_weights(folder / "model.safetensors")
    extra = {}
    if gradients:
        size = (len(image), network.options["classes"], *image.shape[2:])
        seeds = {
            head: torch.randn(size, generator=torch.Generator().manual_seed(number)) for number, head in enumerate(network.HEADS)
        }
        image, found = steady_gradients(network, image.shape, list(seeds.values()))
        extra = {f"output-gradient:{head}": tensor for head, tensor in seeds.items()}
        extra |= {f"gradient:{name}": tensor for name, tensor in found.items()}
    outputs, heads = record(network, image, finest)
    tensors = {"input:image": image.contiguous()}
    tensors.update({f"layer:{name}": tensor for name, tensor in outputs.items()})
    tensors |= {f"output:{head}": logits.contiguous() for head, logits in heads.items()} | extra
    metadata = {"format": "pt", "atrous.order": json.dumps(list(outputs)), "atrous.torch": torch.__version__}
    save_tensors(tensors, folder / "reference.safetensors", metadata)
    logits = heads["logits"]
    print(f"{folder}: {len(outputs)} layers, logits {list(logits.shape)}, largest {logits.abs().max():.3f}")


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("directory", help="where the cases go, e.g. weights/goldens")
    chosen = parser.add_mutually_exclusive_group()
    chosen.add_argument("--case", choices=GOLDENS, metavar="NAME", help=f"write this one alone: {', '.join(GOLDENS)}")
    chosen.add_argument("--weights", help="write one golden for this exported file in place of the committed cases")
    parser.add_argument("--size", type=int, nargs=2, default=(224, 224), metavar=("H", "W"))
    parser.add_argument("--batch", type=int, default=1)
    parser.add_argument("--seed", type=int, default=0, help="of the image for --weights")
    arguments = parser.parse_args()

    if arguments.weights:
        network, _ = read_weights(arguments.weights)
        shape = (arguments.batch, network.options["in_channels"], *arguments.size)
        image = torch.randn(shape, generator=torch.Generator().manual_seed(arguments.seed))
        write_golden(Path(arguments.directory) / Path(arguments.weights).stem, network, image)
        return
    for name in [arguments.case] if arguments.case else GOLDENS:
        create, golden = GOLDENS[name]
        generator = torch.Generator().manual_seed(golden.seed)
        network = create(**golden.options)
        randomize(network, generator)
        image = torch.randn(golden.shape, generator=generator)
        write_golden(Path(arguments.directory) / name, network, image, golden.finest, half=True, gradients=golden.gradients)


if __name__ == "__main__":
    main()
