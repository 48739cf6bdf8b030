"""The registry of twins: a line for each, and all of them by name."""

from .network import Golden, Network
from .cenet import CENet
from .deeplabv3plus import DeepLabV3Plus
from .encoder_unet import EncoderUNet
from .fcn8s import FCN8s
from .fpn import FPN
from .linknet import Linknet
from .lumnet import LumNet
from .msff_resnet18 import MsffResNet18
from .pspnet import PSPNet
from .unet import UNet

NETWORKS = {network.NAME: network for network in Network.__subclasses__()}
GOLDENS = {name: (network, golden) for network in NETWORKS.values() for name, golden in network.GOLDENS.items()}
