"""Times the rows of a bench record in PyTorch on CUDA, with cuDNN, and puts them beside the record's GPU times.

    python3 bench/cudnn.py RECORD.json [--json OUT.json] [--seconds 120]

f32 with TF32 off, as WebGPU has no TF32; for networks f16 under AMP in channels-last too; steps of training eager. GPU time by
CUDA events, median of the samples. Convolutions run with a bias, without anything else. Rows left when the seconds are over are named.
"""

import argparse
import json
import re
import statistics
import sys
import time
from pathlib import Path

import torch
from torch.nn import functional

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "weights" / "export"))
from networks import MsffResNet18  # noqa: E402


def milliseconds(run, samples=21):
    """Median GPU time; every sample runs often enough to last about a millisecond."""
    for _ in range(5):
        run()
    repeat = 1
    while True:
        elapsed = timed(run, repeat)
        if elapsed > 1 or repeat >= 256:
            break
        repeat *= 2
    return statistics.median(timed(run, repeat) / repeat for _ in range(samples))


def timed(run, repeat):
    begin, end = torch.cuda.Event(enable_timing=True), torch.cuda.Event(enable_timing=True)
    begin.record()
    for _ in range(repeat):
        run()
    end.record()
    torch.cuda.synchronize()
    return begin.elapsed_time(end)


def convolution(spec, half):
    """The call that a line such as `1,64,128,128 k3 c64 d2` describes (the syntax of `atrous bench --conv`)."""
    dtype = torch.float16 if half else torch.float32
    shape, *words = spec.split()
    items, channels, *size = (int(size) for size in shape.split(","))
    values = {word[0]: word[1:] for word in words}
    kernel = tuple(int(side) for side in values["k"].split("x"))
    kernel = kernel * len(size) if len(kernel) == 1 else kernel
    out_channels = int(values["c"])
    stride, dilation, groups = (int(values.get(letter, 1)) for letter in "sdg")
    transposed = "t" in values
    default = (0,) * len(size) if transposed else tuple(dilation * (size - 1) // 2 for size in kernel)
    padding = (int(values["p"]),) * len(size) if "p" in values else default
    x = torch.randn(items, channels, *size, device="cuda", dtype=dtype)
    bias = torch.randn(out_channels, device="cuda", dtype=dtype)
    options = dict(stride=stride, padding=padding, dilation=dilation, groups=groups)
    if transposed:
        weight = torch.randn(channels, out_channels // groups, *kernel, device="cuda", dtype=dtype)
        options["output_padding"] = int(values.get("o", 0))
        run = functional.conv_transpose3d if len(size) == 3 else functional.conv_transpose2d
        return lambda: run(x, weight, bias, **options)
    weight = torch.randn(out_channels, channels // groups, *kernel, device="cuda", dtype=dtype)
    run = functional.conv3d if len(size) == 3 else functional.conv2d
    return lambda: run(x, weight, bias, **options)


def network(shape, half):
    """Eager MSFF-ResNet18 on an image of `shape`; `half` is AMP with channels-last."""
    model = MsffResNet18().eval().cuda()
    image = torch.randn(*shape, device="cuda")
    if not half:
        return lambda: model(image)
    model, image = model.to(memory_format=torch.channels_last), image.contiguous(memory_format=torch.channels_last)

    def run():
        with torch.autocast("cuda", torch.float16):
            return model(image)

    return run


def training_step(shape, device="cuda"):
    """A step of the undilated network of `atrous bench training`: cross-entropy, SGD with momentum, data on the device."""
    items, _, height, width = shape
    model = MsffResNet18(classes=2, width=0.25, rates=(1, 1, 1)).train().to(device)
    image = torch.randn(*shape, device=device)
    labels = torch.randint(0, 2, (items, height, width), device=device)
    optimizer = torch.optim.SGD(model.parameters(), lr=0.003, momentum=0.9)

    def run():
        optimizer.zero_grad()
        with torch.enable_grad():
            loss = functional.cross_entropy(model(image), labels)
        loss.backward()
        optimizer.step()
        return loss

    return run


def caller(row):
    """What a row times, or None for rows that are not known here."""
    half = row["precision"] == "f16"
    if row["suite"] == "kernels":
        return convolution(row["spec"], half)
    if row["suite"] == "models" and row["group"] == "MSFF-ResNet18":
        return network(row["shape"], half)
    if row["suite"] == "training" and "undilated" in row["name"] and "pools" not in row["name"] and not half:
        return training_step(row["shape"])
    return None


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("record")
    parser.add_argument("--json")
    parser.add_argument("--seconds", type=float, default=120)
    arguments = parser.parse_args()
    if not torch.cuda.is_available():
        sys.exit("cudnn.py: PyTorch finds no CUDA device")
    torch.backends.cuda.matmul.allow_tf32 = torch.backends.cudnn.allow_tf32 = False
    torch.backends.cudnn.benchmark = True
    until = time.monotonic() + arguments.seconds
    results, left = [], []
    with torch.no_grad():
        for row in json.loads(Path(arguments.record).read_text())["rows"]:
            run = caller(row) if time.monotonic() <= until else None
            if run is None:
                left.append(row["name"])
                continue
            ms = milliseconds(run)
            results.append({"name": row["name"], "precision": row["precision"], "cudnnMs": ms, "atrousGpuMs": row["gpuMs"]})
            ratio = f"{ms / row['gpuMs']:.2f}x" if row["gpuMs"] else ""
            print(f"{row['name']:44} {row['precision']}  cuDNN {ms:9.4f} ms  atrous {row['gpuMs'] or 0:9.4f} ms  {ratio}",
                  flush=True)
    if left:
        print(f"not measured, out of time or not known here: {', '.join(left)}")
    versions = {"torch": torch.__version__, "cudnn": torch.backends.cudnn.version(), "cuda": torch.version.cuda}
    device = torch.cuda.get_device_name()
    if arguments.json:
        content = {"device": device, **versions, "rows": results, "notMeasured": left}
        Path(arguments.json).write_text(json.dumps(content, indent=1) + "\n")
    driver = re.sub(r"\s+", " ", f"{device}, {versions}")
    print(f"{driver}; f32 with TF32 off; f16 is AMP with channels-last for networks")


if __name__ == "__main__":
    main()
