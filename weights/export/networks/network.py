"""What the twin of a network says of itself beside its layers.

A twin is a class of its own file, and is registered by its line in `__init__.py`. The parameters of its constructor are the
network's options, whose values it keeps in `self.options`; what the file calls `inChannels` is `in_channels` here.
"""

from dataclasses import dataclass
import math

from torch import nn


@dataclass(frozen=True)
class Golden:
    """A committed case of goldens.py."""

    options: dict
    shape: tuple  # of the image
    seed: int  # of weights and image
    finest: int = 1  # layers recorded: those of at most 1/finest of the image's height
    gradients: bool = False


class Network(nn.Module):
    """Base of the twins."""

    NAME: str  # as in `atrous.network`
    MULTIPLE: int  # of its images' sizes
    LOGITS: str  # the module that returns them
    HEADS: tuple = ("logits",)  # names of what it returns, a tuple where there are several
    RECORDED_TYPES: tuple  # of modules whose output is compared, layer by layer
    RECORDED_NAMES: tuple = ()  # other modules that are
    GOLDENS: dict = {}  # Golden by the name of its folder

    @property
    def least_size(self):
        """The smallest height and width."""
        return self.MULTIPLE

    @property
    def logits_layer(self):
        return self.get_submodule(self.LOGITS)

    def is_recorded(self, name):
        return isinstance(self.get_submodule(name), self.RECORDED_TYPES) or name in (self.LOGITS, *self.RECORDED_NAMES)

    def check_size(self, image):
        sizes = tuple(image.shape[2:])
        if any(size % self.MULTIPLE for size in sizes):
            raise ValueError(f"{self.NAME}: the image is {'x'.join(map(str, sizes))}, expected multiples of {self.MULTIPLE}")


def scaled(channels, width):
    """The number of channels after the width multiplier: rounded half up, at least one."""
    return max(1, math.floor(channels * width + 0.5))
