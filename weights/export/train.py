"""Trains MSFF-ResNet18 to segment vertebral bodies, on the CPU, within a budget of minutes.

The size-adaptive loss is the paper's; the rest of the recipe is ours, chosen for two CPU cores: AdamW on a
cosine schedule that follows the clock, bf16 convolutions, and an exponential moving average of the weights,
which is what is validated and shipped. SIGTERM saves and stops; --resume goes on.
"""

import argparse
import math
import os
import signal
import time

import torch

from dataset import PHANTOM, Sampler, load_phantoms, load_slices
from evaluate import class_weight_shift, count_pixels, dice_per_set, undo_class_weights
from imagenet import FILE, load_imagenet
from networks import MsffResNet18

SHARES = {"VB1": 0.3, "VB2": 0.3, "VB3": 0.4}  # of each batch; phantoms are scaled in beside them
VIEWS = ((4, 224), (4, 320), (4, 256), (3, 384))  # (batch, crop) in turn: the larger crops show whole slices
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


class Run:
    """Everything that training changes and a checkpoint holds."""

    def __init__(self, arguments, state, sampler):
        self.prefix, self.phantoms = arguments.checkpoint, bool(arguments.phantoms)
        self.options = state["options"] if state else {"classes": 2, "width": arguments.width}
        self.network = MsffResNet18(**self.options)
        if not arguments.scratch and not state:
            images, _ = sampler.batch(CALIBRATION_IMAGES, VIEWS[0][1])
            loaded = load_imagenet(self.network, os.path.join(arguments.data, FILE), images)
            print(f"ImageNet encoder: {len(loaded)} convolutions loaded", flush=True)
        self.average = MsffResNet18(**self.options).eval()
        self.average.load_state_dict(self.network.state_dict())
        for network in (self.network, self.average):
            network.to(memory_format=torch.channels_last)
        self.optimizer = create_optimizer(self.network, arguments)
        self.step, self.seconds, self.best, self.share, self.alpha = 0, 0.0, 0.0, 0.05, arguments.alpha
        if state:
            self.network.load_state_dict(state["network"])
            self.average.load_state_dict(state["average"])
            self.optimizer.load_state_dict(state["optimizer"])
            self.step, self.seconds, self.share = state["step"], state["seconds"], state["share"]
            self.change_alpha(state.get("alpha", 1.0))
            if state["phantoms"] == self.phantoms:  # else the best score was over other slices
                self.best = state["best"]

    def change_alpha(self, before):
        """Puts the odds where a loss of another alpha will want them (see class_weight_shift)."""
        for network in (self.network, self.average):
            with torch.no_grad():
                network.logits_layer.bias[1] += class_weight_shift(self.share, self.alpha - before)

    def train_step(self, images, labels, rate, alpha, decay):
        for group in self.optimizer.param_groups:
            group["lr"] = rate * group["factor"]
        self.network.train()
        with torch.autocast("cpu", torch.bfloat16):
            logits = self.network(images.contiguous(memory_format=torch.channels_last))
        loss, shares = size_adaptive_loss(logits.float(), labels, alpha)
        self.optimizer.zero_grad(set_to_none=True)
        loss.backward()
        torch.nn.utils.clip_grad_norm_(self.network.parameters(), 5.0)
        self.optimizer.step()
        update_average(self.average, self.network, self.step, decay)
        self.share += 0.01 * (shares[1].item() - self.share)
        self.step += 1
        return loss.item()

    def save(self, name, training):
        content = {"options": self.options, "average": self.average.state_dict(), "step": self.step,
                   "share": self.share, "alpha": self.alpha, "seconds": self.seconds, "phantoms": self.phantoms,
                   "best": self.best}
        if training:
            content.update(network=self.network.state_dict(), optimizer=self.optimizer.state_dict())
        path = f"{self.prefix}-{name}.pt"
        torch.save(content, path + ".part")
        os.replace(path + ".part", path)


def create_optimizer(network, arguments):
    """AdamW; a pretrained encoder learns at a third of the rate."""
    encoder, rest = [], []
    for name, parameter in network.named_parameters():
        stem = name.split(".")[0]
        (encoder if stem in ("conv1", "bn1", "layer1", "layer2", "layer3") else rest).append(parameter)
    factor = 1.0 if arguments.scratch else 1 / 3
    groups = [{"params": encoder, "factor": factor}, {"params": rest, "factor": 1.0}]
    return torch.optim.AdamW(groups, lr=arguments.rate, weight_decay=arguments.weight_decay, fused=True)


def validate(average, slices, share, alpha):
    """{set: pooled DSC}, the class weights undone as in the exported file."""
    with torch.autocast("cpu", torch.bfloat16), undo_class_weights(average, share, alpha):
        rows = dice_per_set([count_pixels(average, item) for item in slices])
    return {name: row["pooled"] for name, row in rows.items()}


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
    parser.add_argument("--average", type=float, default=0.995, help="decay of the moving average")
    parser.add_argument("--validate-every", type=int, default=200)
    parser.add_argument("--save-every", type=int, default=50)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--seed", type=int, default=1)
    return parser.parse_args()


def load_data(arguments):
    """(training slices, every fourth validation slice, {set: share of a batch})"""
    slices, shares = load_slices(arguments.data, "train"), dict(SHARES)
    validation = load_slices(arguments.data, "val")[::4]
    if arguments.phantoms:
        slices += load_phantoms(arguments.phantoms)
        validation += load_phantoms(arguments.phantoms, evaluation=True)[::4]
        shares[PHANTOM] = arguments.phantom_share / (1 - arguments.phantom_share)
    counts = {name: sum(item.set == name for item in slices) for name in shares}
    print(f"training slices {counts}, validation slices {len(validation)}", flush=True)
    return slices, validation, shares


def main():
    arguments = parse_arguments()
    torch.set_num_threads(arguments.threads)
    torch.manual_seed(arguments.seed)
    slices, validation, shares = load_data(arguments)
    state = torch.load(f"{arguments.checkpoint}-last.pt", weights_only=True) if arguments.resume else None
    sampler = Sampler(slices, shares, (arguments.seed, state["step"] if state else 0))
    run = Run(arguments, state, sampler)

    stopped = []
    signal.signal(signal.SIGTERM, lambda *_: stopped.append(True))
    earlier, began, losses = run.seconds, time.monotonic(), []
    progress = 0.0
    while progress < 1 and not stopped:
        run.seconds = earlier + time.monotonic() - began
        progress = run.seconds / 60 / arguments.minutes
        images, labels = sampler.batch(*VIEWS[run.step % len(VIEWS)])
        rate = learning_rate(arguments.rate, run.step, progress)
        losses.append(run.train_step(images, labels, rate, arguments.alpha, arguments.average))
        if run.step % arguments.validate_every == 0 or progress >= 1:
            dice = validate(run.average, validation, run.share, run.alpha)
            rows = "  ".join(f"{name} {value:.4f}" for name, value in dice.items())
            print(f"step {run.step}  {run.seconds / 60:.1f} min  loss {sum(losses) / len(losses):.5f}  "
                  f"share {run.share:.4f}  {rows}", flush=True)
            losses = []
            score = sum(dice.values()) / len(dice)
            if score > run.best:
                run.best = score
                run.save("best", training=False)
        if run.step % arguments.save_every == 0:
            run.save("last", training=True)
    run.save("last", training=True)
    print(f"{'stopped' if stopped else 'finished'} at step {run.step}", flush=True)


if __name__ == "__main__":
    main()
