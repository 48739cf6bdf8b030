"""The registry of twins: a line for each, and all of them by name."""

from .network import Golden, Network
from .fpn import FPN
from .linknet import Linknet
from .msff_resnet18 import MsffResNet18
from .pspnet import PSPNet
from .unet import UNet

NETWORKS = {network.NAME: network for network in Network.__subclasses__()}
GOLDENS = {name: (network, golden) for network in NETWORKS.values() for name, golden in network.GOLDENS.items()}
