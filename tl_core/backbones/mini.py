"""The networks this project designed and pretrained itself, small enough to be bundled."""

from __future__ import annotations

import torch
from torch import nn

from tl_core.compat import torchvision

BasicBlock = torchvision.models.resnet.BasicBlock


class MiniResNet(nn.Module):
    """A residual network for 64 px photos, with torchvision's attribute names.

    The stem is one 3 x 3 convolution with stride 2 (ImageNet's 7 x 7 with pooling would leave
    nothing of a 64 px photo); four stages of basic blocks follow. Since the attributes carry the
    names of torchvision's ``ResNet``, everything written for that family works here too.

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


def resnet_mini(num_classes: int = 200) -> MiniResNet:
    """Build the bundled ``resnet_mini`` architecture (2.75 million parameters at 200 classes)."""
    return MiniResNet(num_classes)


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
