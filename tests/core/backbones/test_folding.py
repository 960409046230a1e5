from __future__ import annotations

import pytest
import torch
from torch import nn
from torch.nn.modules.batchnorm import _BatchNorm

from tl_core.backbones.build import build_backbone
from tl_core.backbones.folding import folded
from tl_core.backbones.staged import StagedBackbone


def shaken(name: str) -> StagedBackbone:
    """Build a backbone whose BatchNorm layers do something, as trained ones do."""
    torch.manual_seed(0)
    backbone = build_backbone(name, pretrained=False, input_size=64).eval()
    for layer in backbone.modules():
        if isinstance(layer, _BatchNorm):
            nn.init.uniform_(layer.weight, 0.5, 1.5)
            nn.init.normal_(layer.bias, 0, 0.1)
            layer.running_mean.normal_(0, 0.1)
            layer.running_var.uniform_(0.5, 1.5)
    return backbone


def norms(backbone: StagedBackbone) -> int:
    return sum(isinstance(layer, _BatchNorm) for layer in backbone.modules())


@pytest.mark.parametrize("name", ["resnet_mini", "mobilenet_v2", "efficientnet_b0", "densenet121"])
def test_folding_changes_no_answer_and_leaves_the_original(name: str) -> None:
    backbone = shaken(name)
    images = torch.randn(3, 3, 64, 64)
    stages = len(backbone.stage_names)
    before, layers = backbone(images), norms(backbone)
    quick = folded(backbone, images, 0, stages)
    assert norms(quick) < layers == norms(backbone)
    torch.testing.assert_close(quick(images), before, rtol=1e-4, atol=1e-5)
    assert torch.equal(backbone(images), before)


def test_a_network_without_batch_norm_is_left_alone() -> None:
    backbone = build_backbone("vit_b_16", pretrained=False, input_size=64).eval()
    assert folded(backbone, torch.randn(1, 3, 64, 64), 0, 1) is backbone


class NormFirst(nn.Module):
    """Its layers stand in one order and run in the other."""

    def __init__(self) -> None:
        super().__init__()
        self.conv = nn.Conv2d(32, 32, 3, padding=1)
        self.norm = nn.BatchNorm2d(32)
        nn.init.uniform_(self.norm.weight, 0.5, 1.5)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.conv(self.norm(x).relu())


def test_an_order_that_deceives_is_noticed() -> None:
    backbone = shaken("resnet_mini")
    backbone.model.set_submodule("layer1", NormFirst().eval())
    assert folded(backbone, torch.randn(2, 3, 64, 64), 0, 2) is backbone
