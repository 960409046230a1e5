from __future__ import annotations

import copy

import torch

from tl_core.backbones.mini import mobilenet_mini
from tl_core.device import autocast, to_device


def test_on_a_processor_strided_depthwise_gradients_are_computed_in_fp32() -> None:
    torch.manual_seed(0)
    plain = mobilenet_mini(3)
    placed = to_device(copy.deepcopy(plain), "cpu")
    assert placed.state_dict().keys() == plain.state_dict().keys()
    images = torch.randn(4, 3, 32, 32).contiguous(memory_format=torch.channels_last)
    plain.to(memory_format=torch.channels_last)
    for model in (plain, placed):
        model(images).square().sum().backward()
    pairs = zip(plain.parameters(), placed.parameters(), strict=True)
    assert all(torch.equal(one.grad, two.grad) for one, two in pairs)
    strided, ordinary = (placed.features[i].conv[0][0] for i in (1, 3))
    x = torch.randn(1, 32, 8, 8)
    with autocast("cpu", "bf16"):
        assert strided(x).dtype == torch.float32
        assert ordinary(torch.randn(1, 48, 8, 8)).dtype == torch.bfloat16


def test_a_copy_of_a_placed_network_computes_with_its_own_weights() -> None:
    placed = to_device(mobilenet_mini(3), "cpu").eval()
    other = copy.deepcopy(placed)
    strided = other.features[1].conv[0][0]
    with torch.no_grad():
        strided.weight.zero_()
        assert not strided(torch.ones(1, 32, 4, 4)).any()
        assert placed.features[1].conv[0][0](torch.ones(1, 32, 4, 4)).any()
