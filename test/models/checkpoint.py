"""Writes the state_dicts of three networks as public checkpoints have them, and the same weights as model files.

    python3 checkpoint.py DIR    DIR/NETWORK.pth and DIR/NETWORK.safetensors
"""

import json
import pathlib
import sys

import torch

sys.path.insert(0, str(pathlib.Path(__file__).parents[2] / "weights" / "export"))

from goldens import randomize  # noqa: E402
from networks import MsffResNet18, UNet, UNetPlusPlus  # noqa: E402
from safetensors.torch import save_file  # noqa: E402


def main():
    folder = pathlib.Path(sys.argv[1])
    # As each repository saves: the bare state_dict; the old form under a key; DataParallel beside an optimizer.
    written = {
        "unet": (UNet(1, 1 / 32, 3), dict(inChannels=3), lambda state, _: state, {}),
        "unet-plus-plus": (
            UNetPlusPlus(1, 1 / 16, 3), dict(inChannels=3), lambda state, _: {"state_dict": state},
            dict(_use_new_zipfile_serialization=False),
        ),
        "msff-resnet18": (
            MsffResNet18(1, width=1 / 8, pools=(2, 3)), dict(pools=[2, 3]),
            lambda state, network: {
                "model": {f"module.{name}": tensor for name, tensor in state.items()},
                "optimizer": torch.optim.SGD(network.parameters(), 0.1).state_dict(),
            },
            {},
        ),
    }
    for seed, (name, (network, options, wrap, form)) in enumerate(written.items()):
        randomize(network, torch.Generator().manual_seed(seed))
        state = network.state_dict()
        options = dict(options, classes=1, width=network.options["width"])
        torch.save(wrap(state, network), folder / f"{name}.pth", **form)
        used = {key: tensor.contiguous() for key, tensor in state.items() if not key.endswith("num_batches_tracked")}
        metadata = {"atrous.network": name, "atrous.options": json.dumps(options)}
        save_file(used, folder / f"{name}.safetensors", metadata)


main()
