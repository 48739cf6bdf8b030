"""Writes what PyTorch's autograd computes for networks in eval mode: what `atrous run --grad-output` is compared with.

DIR/NAME.onnx, of exports; the goldens keep their files
DIR/NAME-input.safetensors        image
DIR/NAME-output-gradient.safetensors   d(loss)/d(output), seeded, by the output's name, for the outputs that count
DIR/NAME-expected.safetensors     grad:NAME of the image, each parameter and each running statistic: f64, rounded to f32
DIR/cases.json                    name and model of each case
"""

import json
import sys
import warnings
from pathlib import Path

import onnx
import torch
from safetensors.torch import save_file

from export import build, networks

sys.path.insert(0, str(Path(__file__).parents[2] / "weights" / "export"))
from gradients import steady_gradients  # noqa: E402
from networks import GOLDENS as CASES  # noqa: E402
from weights_file import read_weights  # noqa: E402

# Those whose references hold no gradients yet.
GOLDENS = {name: golden.shape for name, (_, golden) in CASES.items() if not golden.gradients}
# Which outputs count.
EXPORTS = {"mobilenet-v3": (True,), "resnet18": (True,)}


def write(folder, name, model, network, shape, outputs):
    """`outputs`: names of the network's outputs, None for those that do not count."""
    generator = torch.Generator().manual_seed(1)
    with torch.no_grad():
        results = network(torch.zeros(shape))
    results = results if isinstance(results, tuple) else (results,)
    gradients = [output and torch.randn(result.shape, generator=generator) for output, result in zip(outputs, results)]
    image, expected = steady_gradients(network, shape, gradients)
    save_file({"image": image}, folder / f"{name}-input.safetensors")
    counted = {output: gradient for output, gradient in zip(outputs, gradients) if output}
    save_file(counted, folder / f"{name}-output-gradient.safetensors")
    save_file({f"grad:{key}": tensor for key, tensor in expected.items()}, folder / f"{name}-expected.safetensors")
    return {"name": name, "model": str(model)}


def main(folder):
    cases = []
    for name, shape in GOLDENS.items():
        model = Path("weights/goldens") / name / "model.safetensors"
        cases.append(write(folder, name, model, read_weights(model)[0], shape, ["logits"]))
    for name, counts in EXPORTS.items():
        network, shape = build(name), (2, networks[name].channels, *networks[name].shape)
        model = folder / f"{name}.onnx"
        # Optimized exports fold batch norms and transposed weights: they would not have PyTorch's parameters.
        options = dict(dynamo=True, verbose=False, input_names=["image"], optimize=False, external_data=False)
        torch.onnx.export(network, (torch.randn(shape),), model, **options)
        outputs = [output.name for output in onnx.load(model).graph.output]
        outputs = [output if counted else None for output, counted in zip(outputs, counts)]
        cases.append(write(folder, name, model, network, shape, outputs))
    (folder / "cases.json").write_text(json.dumps(cases))


if __name__ == "__main__":
    warnings.filterwarnings("ignore")
    main(Path(sys.argv[1]))
