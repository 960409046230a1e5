"""The networks this project designed and pretrained itself, small enough to be bundled.

One of each great family, at a size that 64 px photos and a laptop's processor allow. All carry
torchvision's attribute names, so everything written for a family works on its small member too.
"""

from __future__ import annotations

import torch
from torch import nn

from tl_core.compat import torchvision

BasicBlock = torchvision.models.resnet.BasicBlock
MobileNetV2 = torchvision.models.MobileNetV2
VisionTransformer = torchvision.models.VisionTransformer
ConvStemConfig = torchvision.models.vision_transformer.ConvStemConfig


class MiniResNet(nn.Module):
    """A residual network for 64 px photos, with torchvision's attribute names.

    The stem is one 3 x 3 convolution with stride 2 (ImageNet's 7 x 7 with pooling would leave
    nothing of a 64 px photo); four stages of basic blocks follow.

    Parameters
    ----------
    num_classes
        Outputs of the final linear layer.
    widths
        Channels of the four stages.
    blocks
        Basic blocks in each stage.

    Notes
    -----
    He et al., "Deep residual learning for image recognition", CVPR 2016, arXiv:1512.03385.
    """

    def __init__(
        self,
        num_classes: int = 200,
        widths: tuple[int, int, int, int] = (32, 64, 128, 256),
        blocks: tuple[int, int, int, int] = (1, 1, 2, 2),
    ) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(3, widths[0], 3, stride=2, padding=1, bias=False)
        self.bn1 = nn.BatchNorm2d(widths[0])
        self.relu = nn.ReLU(inplace=True)
        inputs = (widths[0], *widths[:-1])
        self.layer1, self.layer2, self.layer3, self.layer4 = (
            _stage(inputs[i], widths[i], blocks[i], stride=1 if i == 0 else 2) for i in range(4)
        )
        self.avgpool = nn.AdaptiveAvgPool2d(1)
        self.fc = nn.Linear(widths[-1], num_classes)
        _initialise(self)

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        """Map images (N, 3, H, W) to class scores (N, num_classes)."""
        x = self.relu(self.bn1(self.conv1(images)))
        x = self.layer4(self.layer3(self.layer2(self.layer1(x))))
        scores: torch.Tensor = self.fc(torch.flatten(self.avgpool(x), 1))
        return scores


class MiniVGG(nn.Module):
    """Plain 3 x 3 convolutions with BatchNorm in five blocks, each closed by max pooling.

    A global average stands in for the two dense layers that make up nine tenths of VGG-16.

    Parameters
    ----------
    num_classes
        Outputs of the final linear layer.

    Notes
    -----
    Simonyan and Zisserman, "Very deep convolutional networks for large-scale image recognition",
    ICLR 2015, arXiv:1409.1556; the global average is that of Lin et al., "Network in network",
    ICLR 2014, arXiv:1312.4400.
    """

    plan = (16, "M", 32, "M", 96, 96, "M", 192, 192, "M", 384, 384, "M")
    """Channels of each convolution; M for pooling, as torchvision writes it."""

    def __init__(self, num_classes: int = 200) -> None:
        super().__init__()
        self.features = torchvision.models.vgg.make_layers(list(self.plan), batch_norm=True)
        self.avgpool = nn.AdaptiveAvgPool2d(1)
        self.classifier = nn.Sequential(nn.Linear(384, num_classes))
        _initialise(self)

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        """Map images (N, 3, H, W) to class scores (N, num_classes)."""
        x = torch.flatten(self.avgpool(self.features(images)), 1)
        scores: torch.Tensor = self.classifier(x)
        return scores


def resnet_mini(num_classes: int = 200) -> MiniResNet:
    """Build the bundled ``resnet_mini`` architecture (2.75 million parameters at 200 classes)."""
    return MiniResNet(num_classes)


def mobilenet_mini(num_classes: int = 200) -> nn.Module:
    """Build ``mobilenet_mini``: MobileNetV2 with fewer blocks (1.54 million parameters).

    Depthwise convolutions are bound by memory rather than by arithmetic, so the first block brings
    the map down to a quarter of the photo's side at once.
    """
    # Expansion, channels, blocks and stride of each row, as in table 2 of the paper.
    rows = [[1, 32, 1, 2], [3, 48, 3, 1], [4, 96, 4, 2], [4, 192, 3, 2]]
    model: nn.Module = MobileNetV2(num_classes, inverted_residual_setting=rows, dropout=0.0)
    return model


def vgg_mini(num_classes: int = 200) -> MiniVGG:
    """Build ``vgg_mini`` (2.69 million parameters at 200 classes)."""
    return MiniVGG(num_classes)


def vit_mini(num_classes: int = 200, image_size: int = 64) -> nn.Module:
    """Build ``vit_mini``: six encoder layers over patches of 16 px (2.92 million parameters).

    Four convolutions with stride 2 cut the patches, which lets a transformer learn from few photos
    (Xiao et al., "Early convolutions help transformers see better", NeurIPS 2021,
    arXiv:2106.14881).
    """
    model: nn.Module = VisionTransformer(
        image_size=image_size,
        patch_size=16,
        num_layers=6,
        num_heads=3,
        hidden_dim=192,
        mlp_dim=768,
        num_classes=num_classes,
        conv_stem_configs=[ConvStemConfig(width, 3, 2) for width in (24, 48, 96, 144)],
    )
    return model


def _stage(inputs: int, width: int, blocks: int, stride: int) -> nn.Sequential:
    shortcut = None
    if stride != 1 or inputs != width:
        shortcut = nn.Sequential(
            nn.Conv2d(inputs, width, 1, stride=stride, bias=False), nn.BatchNorm2d(width)
        )
    first = BasicBlock(inputs, width, stride, shortcut)
    return nn.Sequential(first, *(BasicBlock(width, width) for _ in range(blocks - 1)))


def _initialise(model: nn.Module) -> None:
    """He initialisation; the last norm of each block starts at zero, so each starts as identity."""
    for module in model.modules():
        if isinstance(module, nn.Conv2d):
            nn.init.kaiming_normal_(module.weight, mode="fan_out", nonlinearity="relu")
        elif isinstance(module, BasicBlock):
            assert module.bn2.weight is not None
            nn.init.zeros_(module.bn2.weight)
