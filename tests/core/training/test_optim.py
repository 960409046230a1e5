"""Optimisers as they are used here, against torch's own."""

from __future__ import annotations

import copy

import pytest
import torch
from torch import nn

from tl_core.training import config
from tl_core.training.optim import KINDS

TORCH = {"sgd": torch.optim.SGD, "adam": torch.optim.Adam, "adamw": torch.optim.AdamW}


def step(network: nn.Module, optimizer: torch.optim.Optimizer) -> None:
    optimizer.zero_grad()
    network(torch.ones(2, 3)).square().sum().backward()
    optimizer.step()


def test_every_name_can_be_built() -> None:
    assert set(KINDS) == set(config.OPTIMIZERS)


@pytest.mark.parametrize("name", TORCH)
def test_steps_are_those_of_torch_and_go_on_from_a_kept_state(name: str) -> None:
    torch.manual_seed(0)
    network = nn.Linear(3, 2)
    twin = copy.deepcopy(network)
    ours = KINDS[name](network.parameters(), lr=0.1, weight_decay=0.01)
    momentum = {"momentum": 0.9} if name == "sgd" else {}
    theirs = TORCH[name](twin.parameters(), lr=0.1, weight_decay=0.01, fused=True, **momentum)
    for _ in range(3):
        step(network, ours)
        step(twin, theirs)
    again = KINDS[name](network.parameters())
    again.load_state_dict(ours.state_dict())
    step(network, again)
    step(twin, theirs)
    for mine, other in zip(network.parameters(), twin.parameters(), strict=True):
        assert torch.equal(mine, other)
