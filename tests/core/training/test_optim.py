"""Optimisers as they are used here, against torch's own."""

from __future__ import annotations

import copy
import math

import pytest
import torch
from torch import nn

from tl_core.training import config
from tl_core.training.optim import KINDS, make_schedule

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


def cosine(step: int, total: int) -> float:
    return 0.5 * (1 + math.cos(math.pi * step / total))


def one_cycle(step: int, total: int) -> float:
    """Return the share of the rate in Smith's schedule, a quarter of whose steps warm up."""
    done = step / total
    if done < 0.25:
        return 0.04 + 0.96 * 0.5 * (1 - math.cos(math.pi * done / 0.25))
    return 0.5 * (1 + math.cos(math.pi * (done - 0.25) / 0.75))


@pytest.mark.parametrize(
    ("name", "share", "tolerance"),
    [
        ("constant", lambda step, total: 1.0, 1e-15),
        ("step", lambda step, total: 0.1 ** (step // 70), 1e-15),
        ("cosine", cosine, 1e-14),
        ("one_cycle", one_cycle, 5e-3),  # torch counts the steps between the ends
    ],
)
def test_rates_follow_the_schedule_in_every_group(name, share, tolerance) -> None:
    weights = [nn.Parameter(torch.zeros(2, 2)) for _ in range(2)]
    optimizer = KINDS["adamw"](
        [{"params": [w], "lr": lr} for w, lr in zip(weights, (0.1, 0.02), strict=True)]
    )
    total = 400
    schedule = make_schedule(optimizer, name, epochs=40, steps=total)
    for step in range(total):
        expected = share(step, total)
        for group, lr in zip(optimizer.param_groups, (0.1, 0.02), strict=True):
            assert group["lr"] == pytest.approx(lr * expected, abs=lr * tolerance), step
        optimizer.step()
        schedule.step()


@pytest.mark.parametrize("name", config.SCHEDULES)
@pytest.mark.parametrize("steps", range(1, 9))
def test_every_schedule_lasts_for_the_shortest_phases(name: str, steps: int) -> None:
    optimizer = KINDS["sgd"]([nn.Parameter(torch.zeros(2))], lr=0.1)
    schedule = make_schedule(optimizer, name, epochs=1, steps=steps)
    rates = []
    for _ in range(steps):
        rates.append(optimizer.param_groups[0]["lr"])
        optimizer.step()
        schedule.step()
    assert all(0 <= rate <= 0.1 for rate in rates) and max(rates) > 0
