"""The registry of twins: a line for each, and all of them by name."""

from .network import Golden, Network
from .anu_net import AnuNet
from .attention_unet import AttentionUNet
from .custom_cnn import CustomCnn
from .msff_resnet18 import MsffResNet18
from .r2unet import AttentionR2UNet, R2UNet
from .segnet import SegNet
from .unet import UNet
from .unet_plus_plus import UNetPlusPlus

NETWORKS = {network.NAME: network for network in Network.__subclasses__()}
GOLDENS = {name: (network, golden) for network in NETWORKS.values() for name, golden in network.GOLDENS.items()}
