"""Writes losses.safetensors: what PyTorch makes of the losses of src/train/losses, and of their gradients.

    python3 test/train/losses/losses.py      # needs weights/export/requirements.txt

Logits and labels are small and random; every loss is computed in float64 from the same f32 logits. A gradient is that of the
loss with respect to the logits it is named after.
"""

from pathlib import Path

import torch
import torch.nn.functional as F
from safetensors.torch import save_file

torch.manual_seed(7)
IGNORED = 255
CLASSES = 4


def labels(shape, classes, ignored=True):
    y = torch.randint(0, classes, shape)
    # Classes of different sizes, so that shares matter.
    y = torch.where(torch.rand(shape) < 0.4, torch.zeros_like(y), y)
    return torch.where(torch.rand(shape) < 0.15, torch.full_like(y, IGNORED), y) if ignored else y


INPUTS = {
    "logits": 3 * torch.randn(2, CLASSES, 6, 5),
    "large": 1e4 * torch.randn(2, CLASSES, 6, 5),
    "volume": 3 * torch.randn(2, CLASSES, 3, 2, 4),
    "binary": 3 * torch.randn(2, 1, 6, 5),
    "half": 3 * torch.randn(2, CLASSES, 3, 5),
    "third": 3 * torch.randn(2, CLASSES, 2, 4),
}
LABELS = {
    "labels": labels((2, 6, 5), CLASSES),
    "volumeLabels": labels((2, 3, 2, 4), CLASSES),
    "binaryLabels": labels((2, 6, 5), 2),
    "ignored": torch.full((2, 6, 5), IGNORED),
    "sets": torch.randint(0, 2**CLASSES, (2, 6, 5)),
}
TARGETS = torch.rand(2, CLASSES, 6, 5)
WEIGHTS = torch.tensor([0.5, 2.0, 1.0, 1.5], dtype=torch.float64)


def one_hot(y, channels):
    """t [N, C, ...] and which pixels count [N, 1, ...]; a single channel is class 1."""
    first = 1 if channels == 1 else 0
    t = torch.stack([y == first + c for c in range(channels)], 1).double()
    return t, (y != IGNORED).unsqueeze(1).double()


def shares(y, dims):
    t, _ = one_hot(y, CLASSES)
    counts = t.sum(dims, keepdim=True)
    return counts / counts.sum(1, keepdim=True)


def size_adaptive(x, y, alpha, s):
    t, counted = one_hot(y, CLASSES)
    return -((1 - s) ** alpha * t * F.log_softmax(x, 1)).sum() / counted.sum()


def without_class_0(x, y):
    share = torch.stack([(y == c).sum() for c in range(CLASSES)]).double()
    share[0] = 0
    share /= share.sum()
    return F.cross_entropy(x, y, 1 - share, ignore_index=0, reduction="sum") / (y != 0).sum()


def dice(p, y, smoothing=1.0, squared=False, dims=(0, 2, 3), weights=None):
    t, counted = one_hot(y, p.shape[1])
    p = p * counted
    ratio = (2 * (p * t).sum(dims) + smoothing) / ((p**2 if squared else p).sum(dims) + t.sum(dims) + smoothing)
    weights = torch.ones(p.shape[1]).double() if weights is None else weights
    return 1 - (ratio * weights / weights.sum()).sum(-1).mean()


def focal(x, y, gamma, weights):
    p = F.softmax(x, 1)
    t, counted = one_hot(y, CLASSES)
    weights = weights.view(-1, 1, 1)
    return -(weights * t * (1 - p) ** gamma * torch.log(p)).sum() / counted.sum()


def sigmoid_focal(x, y, alpha, gamma):
    """torchvision.ops.sigmoid_focal_loss, but for the pixels that do not count."""
    t, counted = one_hot(y, 1)
    p = torch.sigmoid(x)
    p_t = p * t + (1 - p) * (1 - t)
    alpha_t = alpha * t + (1 - alpha) * (1 - t)
    loss = alpha_t * F.binary_cross_entropy_with_logits(x, t, reduction="none") * (1 - p_t) ** gamma
    return (loss * counted).sum() / counted.sum()


def bce(x, y, weights=None):
    t, counted = one_hot(y, x.shape[1])
    weights = None if weights is None else weights.view(-1, 1, 1)
    loss = F.binary_cross_entropy_with_logits(x, t, reduction="none", pos_weight=weights)
    return (loss * counted).sum() / (counted.sum() * x.shape[1])


def hybrid(x, y, alpha=0.25, negative=None, gamma=2, margin=0.1, smoothing=1.0):
    negative = 1 - alpha if negative is None else negative
    t, counted = one_hot(y, x.shape[1])
    p = torch.sigmoid(x)
    factor = (p.detach() - 0.5).abs().clamp(min=margin) ** -gamma
    terms = factor * (alpha * t * F.logsigmoid(x) + negative * (1 - t) * F.logsigmoid(-x)) * counted
    focal_part = terms.sum() / (counted.sum() * x.shape[1])
    return 1 - focal_part - (1 - dice(p, y, smoothing, squared=True))


def partial(x, sets, weights=None):
    admitted = torch.stack([(sets >> c) % 2 == 1 for c in range(CLASSES)], 1)
    number = admitted.sum(1)
    counted = ((number > 0) & (number < CLASSES)).double()
    p = torch.where(admitted, F.softmax(x, 1), 0).sum(1)
    loss = -torch.log(torch.where(counted > 0, p, 1))
    weights = torch.ones(CLASSES).double() if weights is None else weights
    w = counted * (admitted * weights.view(-1, 1, 1)).sum(1) / number.clamp(min=1)
    return (w * loss).sum() / w.sum()


def nearest(y, size):
    return F.interpolate(y.unsqueeze(1).double(), size=size, mode="nearest-exact").squeeze(1).long()


Y = LABELS["labels"]
SOFT = lambda x: F.softmax(x, 1)

# Name: the logits, and the loss of them.
CASES = {
    "cross-entropy": ("logits", lambda x: F.cross_entropy(x, Y, ignore_index=IGNORED)),
    "cross-entropy, weights": ("logits", lambda x: F.cross_entropy(x, Y, WEIGHTS, ignore_index=IGNORED)),
    "cross-entropy, sum": ("logits", lambda x: F.cross_entropy(x, Y, WEIGHTS, ignore_index=IGNORED, reduction="sum")),
    "cross-entropy, logits of 1e4": ("large", lambda x: F.cross_entropy(x, Y, ignore_index=IGNORED)),
    "cross-entropy, ignoring class 0": ("logits", lambda x: F.cross_entropy(x, Y.clamp(max=CLASSES - 1), ignore_index=0)),
    "cross-entropy, volume": ("volume", lambda x: F.cross_entropy(x, LABELS["volumeLabels"], ignore_index=IGNORED)),
    "size-adaptive, batch": ("logits", lambda x: size_adaptive(x, Y, 1, shares(Y, (0, 2, 3)))),
    "size-adaptive, image, alpha 0.5": ("logits", lambda x: size_adaptive(x, Y, 0.5, shares(Y, (2, 3)))),
    "size-adaptive, table, alpha 2": (
        "logits",
        lambda x: size_adaptive(x, Y, 2, torch.tensor([0.7, 0.1, 0.15, 0.05]).double().view(1, -1, 1, 1)),
    ),
    "size-adaptive, ignoring class 0": ("logits", lambda x: without_class_0(x, Y.clamp(max=CLASSES - 1))),
    "bce": ("logits", lambda x: bce(x, Y)),
    "bce, weights": ("logits", lambda x: bce(x, Y, WEIGHTS)),
    "bce, binary": ("binary", lambda x: bce(x, LABELS["binaryLabels"])),
    "bce, targets": ("logits", lambda x: F.binary_cross_entropy_with_logits(x, TARGETS.double())),
    "bce, targets, weights": (
        "logits",
        lambda x: F.binary_cross_entropy_with_logits(x, TARGETS.double(), pos_weight=WEIGHTS.view(-1, 1, 1)),
    ),
    "dice": ("logits", lambda x: dice(SOFT(x), Y)),
    "dice, image, squared, weights": (
        "logits",
        lambda x: dice(SOFT(x), Y, 0.1, True, (2, 3), torch.tensor([0, 1, 1, 2]).double()),
    ),
    "dice, binary": ("binary", lambda x: dice(torch.sigmoid(x), LABELS["binaryLabels"])),
    "dice, sigmoid": ("logits", lambda x: dice(torch.sigmoid(x), Y)),
    "focal": ("logits", lambda x: focal(x, Y, 2, torch.ones(CLASSES).double())),
    "focal, alpha, weights": (
        "logits",
        lambda x: focal(x, Y, 1.5, WEIGHTS * torch.tensor([0.75, 0.25, 0.25, 0.25]).double()),
    ),
    "focal, binary": ("binary", lambda x: sigmoid_focal(x, LABELS["binaryLabels"], 0.25, 2)),
    "hybrid": ("logits", lambda x: hybrid(x, Y)),
    "hybrid, binary, as printed": (
        "binary",
        lambda x: hybrid(x, LABELS["binaryLabels"], 0.4, 0, 1.5, 0.01, 0.5),
    ),
    "partial": ("logits", lambda x: partial(x, LABELS["sets"])),
    "partial, weights": ("logits", lambda x: partial(x, LABELS["sets"], WEIGHTS)),
    "deep supervision, half": ("half", lambda x: 0.5 * F.cross_entropy(x, nearest(Y, (3, 5)), ignore_index=IGNORED)),
    "deep supervision, third": ("third", lambda x: 0.25 * F.cross_entropy(x, nearest(Y, (2, 4)), ignore_index=IGNORED)),
}


def main():
    tensors = {name: value.clone() for name, value in INPUTS.items()}
    tensors |= {name: value.to(torch.uint8) for name, value in LABELS.items()}
    tensors["targets"] = TARGETS
    for name, (logits, loss) in CASES.items():
        x = INPUTS[logits].double().requires_grad_()
        value = loss(x)
        value.backward()
        tensors[f"{name}: loss"] = value.detach().float()
        tensors[f"{name}: gradient"] = x.grad.float()
    metadata = {"torch": torch.__version__, "logits": ";".join(f"{name}={x}" for name, (x, _) in CASES.items())}
    save_file(tensors, str(Path(__file__).with_name("losses.safetensors")), metadata)


if __name__ == "__main__":
    main()
