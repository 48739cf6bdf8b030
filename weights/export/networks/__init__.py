"""The registry of twins: a line for each, and all of them by name."""

from .network import Golden, Network
from .anu_net import AnuNet
from .attention_unet import AttentionUNet
from .cenet import CENet
from .custom_cnn import CustomCnn
from .deeplabv3plus import DeepLabV3Plus
from .encoder_unet import EncoderUNet
from .fcn8s import FCN8s
from .fpn import FPN
from .linknet import Linknet
from .lumnet import LumNet
from .msff_resnet18 import MsffResNet18
from .pspnet import PSPNet
from .r2unet import AttentionR2UNet, R2UNet
from .segnet import SegNet
from .unet import UNet
from .unet_plus_plus import UNetPlusPlus

NETWORKS = {network.NAME: network for network in Network.__subclasses__()}
GOLDENS = {name: (network, golden) for network in NETWORKS.values() for name, golden in network.GOLDENS.items()}
