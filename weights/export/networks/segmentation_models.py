"""What the twins of segmentation_models.pytorch share: an encoder, a decoder and a head, under its names.

    encoder            features (encoders.py)
    decoder            one map of them
    segmentation_head  0: a convolution to the classes; 1: bilinear with aligned corners to the image's size

Source: https://github.com/qubvel/segmentation_models.pytorch
"""

from torch import nn

from .encoders import create_encoder


class EncoderDecoder:
    """Mixed into a Network. `strides` are those of the features that the decoder takes."""

    LOGITS = "segmentation_head.0"
    RECORDED_TYPES = (nn.BatchNorm2d, nn.GroupNorm, nn.MaxPool2d)

    def add_parts(self, options, strides, create_decoder, kernel, upsampling):
        """`create_decoder` takes the channels of the features and the width."""
        self.options = options
        self.encoder, channels = create_encoder(options["encoder"], options["in_channels"], options["width"], strides[-1])
        self.places = [self.encoder.strides.index(stride) for stride in strides]
        self.decoder = create_decoder([channels[place] for place in self.places], options["width"])
        self.segmentation_head = nn.Sequential(
            nn.Conv2d(self.decoder.c_out, options["classes"], kernel, padding=kernel // 2),
            nn.UpsamplingBilinear2d(scale_factor=upsampling) if upsampling > 1 else nn.Identity(),
        )

    def forward(self, image):
        self.check_size(image)
        features = self.encoder(image)
        return self.segmentation_head(self.decoder([features[place] for place in self.places]))


def conv_unit(c_in, c_out, kernel):
    """Convolution without bias, BN, ReLU."""
    return nn.Sequential(
        nn.Conv2d(c_in, c_out, kernel, padding=kernel // 2, bias=False), nn.BatchNorm2d(c_out), nn.ReLU()
    )
