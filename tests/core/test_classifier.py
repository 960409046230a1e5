"""Heads, and the classifier of backbone and head."""

from __future__ import annotations

import pytest
import torch
from torch import nn

from tl_core.backbones.build import build_backbone
from tl_core.classifier import TransferClassifier, make_head
from tl_core.compat import torchvision
from tl_core.errors import UnknownName
from tl_core.heads import HEADS


def make_classifier(head: str = "linear", classes: int = 3) -> TransferClassifier:
    torch.manual_seed(0)
    backbone = build_backbone("resnet_mini", pretrained=False)
    return TransferClassifier(backbone, make_head(head, backbone.num_features, classes))


def test_heads_are_the_documented_ones() -> None:
    assert HEADS.names() == ["linear", "mlp"]
    kinds = [type(layer) for layer in make_head("mlp", 16, 3).children()]
    assert kinds == [nn.Linear, nn.ReLU, nn.Dropout, nn.Linear]
    with pytest.raises(UnknownName, match="Did you mean 'linear'"):
        make_head("liner", 16, 3)


@pytest.mark.parametrize("name", HEADS.names())
def test_a_head_maps_features_to_scores_and_follows_the_seed(name: str) -> None:
    def build(seed: int) -> nn.Module:
        torch.manual_seed(seed)
        return make_head(name, 16, 3).eval()

    features = torch.randn(5, 16)
    assert build(0)(features).shape == (5, 3)
    assert torch.equal(build(0)(features), build(0)(features))
    assert not torch.equal(build(0)(features), build(1)(features))


@pytest.mark.parametrize("name", HEADS.names())
def test_state_comes_back(name: str) -> None:
    first, second = make_classifier(name).eval(), make_classifier(name)
    for parameter in second.parameters():
        nn.init.constant_(parameter, 0.1)
    second.load_state_dict(first.state_dict())
    images = torch.randn(2, 3, 64, 64)
    assert torch.equal(first(images), second.eval()(images))


def test_forward_is_backbone_then_head() -> None:
    classifier = make_classifier().eval()
    images = torch.randn(2, 3, 64, 64)
    features = classifier.backbone(images)
    assert torch.equal(classifier.forward_head(features), classifier(images))


def test_loading_is_strict() -> None:
    classifier = make_classifier(classes=3)
    state = classifier.state_dict()
    with pytest.raises(RuntimeError, match="Missing"):
        classifier.load_state_dict({k: v for k, v in state.items() if k != "fc.bias"})
    with pytest.raises(RuntimeError, match="Unexpected"):
        classifier.load_state_dict({**state, "layer9.weight": torch.zeros(1)})
    with pytest.raises(RuntimeError, match="size mismatch"):
        make_classifier(classes=4).load_state_dict(state)


def test_a_state_of_plain_torchvision_loads() -> None:
    original = torchvision.models.resnet18(num_classes=5).eval()
    backbone = build_backbone("resnet18", pretrained=False)
    classifier = TransferClassifier(backbone, make_head("linear", backbone.num_features, 5)).eval()
    classifier.load_state_dict(original.state_dict())
    photos = torch.randint(0, 256, (1, 3, 64, 64), dtype=torch.uint8)
    images = classifier.backbone.input_layer(photos)
    assert torch.equal(classifier(photos), original(images))


def test_gradients_reach_the_first_stage() -> None:
    classifier = make_classifier()
    classifier(torch.randn(2, 3, 64, 64)).sum().backward()
    for _, parameter in classifier.backbone.stage_parameters("stem"):
        assert parameter.grad is not None and parameter.grad.abs().sum() > 0
