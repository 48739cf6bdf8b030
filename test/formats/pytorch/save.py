"""Writes checkpoints with torch.save, and beside them the same tensors as safetensors.

    python3 save.py DIR              zip and old form in protocols 2 to 5, a training's checkpoint, a whole module, and twin.safetensors
    python3 save.py --fixtures DIR   the small ones that are committed
"""

import argparse
import collections
import os
import pathlib
import sys

import torch

OLD = dict(_use_new_zipfile_serialization=False)


def tensors():
    """One of each type, views of one storage, and shapes that are easily read wrong."""
    generator = torch.Generator().manual_seed(0)
    base = torch.randn(4, 6, generator=generator)
    counting = torch.arange(1, 7)
    return collections.OrderedDict(
        f32=base,
        transposed=base.t(),
        every_other=base[:, 1:4:2],
        last_row=base[3],
        f16=base.half(),
        bf16=base.bfloat16(),
        f64=base.double(),
        i8=(counting - 4).to(torch.int8),
        i16=(counting - 4).to(torch.int16),
        i32=(counting - 4).to(torch.int32),
        i64=counting - 4,
        u8=counting.to(torch.uint8),
        bool=torch.tensor([True, False, True]),
        scalar=torch.tensor(2.5),
        empty=torch.zeros(3, 0),
        expanded=torch.full((1,), 0.5).expand(2, 3),
        parameter=torch.nn.Parameter(base[0:2, 0:2].clone()),
        channels_last=base.reshape(1, 6, 2, 2).contiguous(memory_format=torch.channels_last),
    )


def training(state):
    """What a training keeps beside its weights, under DataParallel and torch.compile."""
    model = torch.nn.Linear(2, 2)
    optimizer = torch.optim.Adam(model.parameters())
    model(torch.ones(1, 2)).sum().backward()
    optimizer.step()
    return {
        "epoch": 3,
        "args": argparse.Namespace(rate=0.1, folder=pathlib.PurePosixPath("runs")),
        "optimizer": optimizer.state_dict(),
        "history": collections.defaultdict(list, loss=[1.5, 0.5]),
        "device": torch.device("cpu"),
        "dtype": torch.float32,
        "size": torch.Size([1, 2]),
        "large": 2**80,
        "names": {"a", "b"},
        "model_state_dict": {f"module._orig_mod.{name}": tensor for name, tensor in state.items()},
    }


class Evil:
    def __reduce__(self):
        return os.system, ("touch executed",)


def module():
    return torch.nn.Sequential(torch.nn.Linear(3, 2), torch.nn.Sequential(torch.nn.BatchNorm1d(2)))


def main():
    from safetensors.torch import save_file

    folder = pathlib.Path(sys.argv[-1])
    state = tensors()
    if "--fixtures" in sys.argv:
        few = {name: state[name] for name in ("f32", "transposed", "last_row", "f16", "bf16", "i64", "scalar")}
        torch.save(few, folder / "zip.pth")
        torch.save(few, folder / "old.pth", **OLD)
        torch.save({"state_dict": {"w": torch.ones(1)}, "x": Evil()}, folder / "evil.pth")
        return
    save_file({name: tensor.detach().clone().contiguous() for name, tensor in state.items()}, folder / "twin.safetensors")
    for protocol in (2, 3, 4, 5):
        torch.save(state, folder / f"zip{protocol}.pth", pickle_protocol=protocol)
        torch.save(state, folder / f"old{protocol}.pth", pickle_protocol=protocol, **OLD)
    torch.save(training(state), folder / "training.pth")
    torch.save(training(state), folder / "training-old.pth", **OLD)
    whole = module()
    torch.save(whole, folder / "module.pth")
    save_file(whole.state_dict(), folder / "module.safetensors")


main()
