"""Trains MSFF-ResNet18 to segment vertebral bodies, on the CPU, within a budget of minutes.

The size-adaptive loss is the paper's; the rest of the recipe is ours, chosen for two CPU cores: AdamW on a
cosine schedule that follows the clock, bf16 convolutions, and an exponential moving average of the weights,
which is what is validated and shipped. Stopped at any time, it resumes from --checkpoint.
"""

import argparse
import math
import os
import time

import torch

from dataset import PHANTOM, Sampler, load_phantoms, load_slices
from evaluate import count_pixels, dice_per_set, undo_class_weights
from imagenet import FILE, load_imagenet
from msff_resnet18 import MsffResNet18

SHARES = {"VB1": 0.3, "VB2": 0.3, "VB3": 0.4}  # of each batch; phantoms are scaled in beside them
VIEWS = ((8, 224), (8, 224), (4, 320))  # (batch, crop) in turn: the larger crop shows the whole column
CALIBRATION_IMAGES = 32


def size_adaptive_loss(logits, labels, alpha):
    """L = -(1/N) sum_i sum_c (1 - S_c)^alpha y_ic log p_ic, p = softmax(logits), S_c = class c's share of the batch.

    logits [N, C, H, W], labels [N, H, W]. Returns (loss, shares [C]).
    """
    shares = torch.bincount(labels.flatten(), minlength=logits.shape[1]).float() / labels.numel()
    weights = (1 - shares) ** alpha
    return (torch.nn.functional.cross_entropy(logits, labels, weight=weights, reduction="none").mean(), shares)


def learning_rate(peak, step, progress):
    """Linear warm-up over 100 steps, then a cosine from `peak` to 1 % of it as progress goes 0 -> 1."""
    cosine = 0.5 * (1 + math.cos(math.pi * min(1.0, progress)))
    return peak * min(1.0, (step + 1) / 100) * (0.01 + 0.99 * cosine)


@torch.no_grad()
def update_average(average, network, step, decay):
    """average <- d average + (1 - d) network, batch norm statistics included; d rises to `decay`."""
    decay = min(decay, (1 + step) / (10 + step))
    for old, new in zip(average.state_dict().values(), network.state_dict().values(), strict=True):
        if old.is_floating_point():
            old.lerp_(new, 1 - decay)


def create_networks(options, encoder, sampler):
    network = MsffResNet18(**options)
    if encoder:
        images, _ = sampler.batch(CALIBRATION_IMAGES, VIEWS[0][1])
        print(f"ImageNet encoder: {len(load_imagenet(network, encoder, images))} convolutions loaded", flush=True)
    network.to(memory_format=torch.channels_last)
    average = MsffResNet18(**options).to(memory_format=torch.channels_last)
    average.load_state_dict(network.state_dict())
    return network, average.eval()


def create_optimizer(network, arguments):
    """AdamW; a pretrained encoder learns at a third of the rate."""
    encoder, rest = [], []
    for name, parameter in network.named_parameters():
        stem = name.split(".")[0]
        (encoder if stem in ("conv1", "bn1", "layer1", "layer2", "layer3") else rest).append(parameter)
    factor = 1.0 if arguments.scratch else 1 / 3
    groups = [{"params": encoder, "factor": factor}, {"params": rest, "factor": 1.0}]
    return torch.optim.AdamW(groups, lr=arguments.rate, weight_decay=arguments.weight_decay)


def validate(average, slices, share):
    """Pooled DSC per set without and with the class weights undone: ({set: dsc}, {set: dsc})."""
    with torch.autocast("cpu", torch.bfloat16, cache_enabled=False):  # a cached bias would hide the shift
        plain = dice_per_set([count_pixels(average, item) for item in slices])
        with undo_class_weights(average, share):
            shifted = dice_per_set([count_pixels(average, item) for item in slices])
    return tuple({name: row["pooled"] for name, row in rows.items()} for rows in (plain, shifted))


def save(path, content):
    torch.save(content, path + ".part")
    os.replace(path + ".part", path)


def parse_arguments():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", required=True, help="folder with lumbar-mri/ and resnet18-imagenet-partial/")
    parser.add_argument("--phantoms", help="folder with seed-<n>.nii.gz and seed-<n>-truth.nii.gz")
    parser.add_argument("--phantom-share", type=float, default=0.18)
    parser.add_argument("--checkpoint", required=True, help="PREFIX of PREFIX-last.pt and PREFIX-best.pt")
    parser.add_argument("--resume", action="store_true")
    parser.add_argument("--minutes", type=float, default=60, help="of training in all, resumed parts included")
    parser.add_argument("--width", type=float, default=1.0)
    parser.add_argument("--scratch", action="store_true", help="no ImageNet encoder")
    parser.add_argument("--alpha", type=float, default=1.0, help="of the size-adaptive loss; 0 is cross-entropy")
    parser.add_argument("--rate", type=float, default=1e-3)
    parser.add_argument("--weight-decay", type=float, default=0.02)
    parser.add_argument("--average", type=float, default=0.998, help="decay of the moving average")
    parser.add_argument("--validate-every", type=int, default=200)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--seed", type=int, default=1)
    return parser.parse_args()


def main():
    arguments = parse_arguments()
    torch.set_num_threads(arguments.threads)
    torch.manual_seed(arguments.seed)
    slices, shares = load_slices(arguments.data, "train"), dict(SHARES)
    validation = load_slices(arguments.data, "val")[::3]
    if arguments.phantoms:
        slices += load_phantoms(arguments.phantoms)
        validation += load_phantoms(arguments.phantoms, evaluation=True)[::3]
        shares[PHANTOM] = arguments.phantom_share / (1 - arguments.phantom_share)
    counts = {name: sum(item.set == name for item in slices) for name in shares}
    print(f"training slices {counts}, validation slices {len(validation)}", flush=True)
    print("each validation: pooled DSC per set as trained / with the class weights undone", flush=True)

    state = None
    options = {"classes": 2, "width": arguments.width}
    if arguments.resume:
        state = torch.load(f"{arguments.checkpoint}-last.pt", weights_only=True)
        options = state["options"]
    sampler = Sampler(slices, shares, (arguments.seed, state["step"] if state else 0))
    encoder = None if arguments.scratch or state else os.path.join(arguments.data, FILE)
    network, average = create_networks(options, encoder, sampler)
    optimizer = create_optimizer(network, arguments)
    step, earlier, best, share = 0, 0.0, 0.0, 0.05
    if state:
        network.load_state_dict(state["network"])
        average.load_state_dict(state["average"])
        optimizer.load_state_dict(state["optimizer"])
        step, earlier, share = state["step"], state["seconds"], state["share"]
        if state["phantoms"] == bool(arguments.phantoms):  # else the best score was over other slices
            best = state["best"]

    began, running = time.monotonic(), 0.0
    while True:
        seconds = earlier + time.monotonic() - began
        progress = seconds / 60 / arguments.minutes
        for group in optimizer.param_groups:
            group["lr"] = learning_rate(arguments.rate, step, progress) * group["factor"]
        network.train()
        images, labels = sampler.batch(*VIEWS[step % len(VIEWS)])
        with torch.autocast("cpu", torch.bfloat16):
            logits = network(images.contiguous(memory_format=torch.channels_last))
        loss, batch_shares = size_adaptive_loss(logits.float(), labels, arguments.alpha)
        optimizer.zero_grad(set_to_none=True)
        loss.backward()
        torch.nn.utils.clip_grad_norm_(network.parameters(), 5.0)
        optimizer.step()
        update_average(average, network, step, arguments.average)
        share += 0.01 * (batch_shares[1].item() - share)
        running += loss.item()
        step += 1
        done = progress >= 1
        if step % arguments.validate_every == 0 or done:
            plain, shifted = validate(average, validation, share)
            score = sum(max(plain[name], shifted[name]) for name in plain) / len(plain)
            rows = "  ".join(f"{name} {plain[name]:.4f}/{shifted[name]:.4f}" for name in plain)
            mean_loss = running / arguments.validate_every
            print(f"step {step}  {seconds / 60:.1f} min  loss {mean_loss:.5f}  share {share:.4f}  {rows}", flush=True)
            running = 0.0
            content = {"options": options, "average": average.state_dict(), "step": step, "share": share,
                       "seconds": seconds, "phantoms": bool(arguments.phantoms)}
            if score > best:
                best = score
                save(f"{arguments.checkpoint}-best.pt", {**content, "best": best})
            save(f"{arguments.checkpoint}-last.pt", {**content, "best": best, "network": network.state_dict(),
                                                     "optimizer": optimizer.state_dict()})
        if done:
            break


if __name__ == "__main__":
    main()
