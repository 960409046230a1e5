"""What was measured of a machine, kept in a file that may be damaged."""

from __future__ import annotations

import json

import pytest

from tl_core import precision
from tl_core.cost.profile import CostProfile, ProfileKey
from tl_core.home import home
from tl_core.precision import resolve_precision

NETWORK = ("resnet_mini", 32)


@pytest.mark.parametrize(
    "content",
    [b"", b"[]", b"{", b"[" * 100_000, b'{"x": 1}', b"\xff"],
)
def test_a_damaged_file_is_as_good_as_none(content: bytes, monkeypatch: pytest.MonkeyPatch) -> None:
    measured = []

    def measure(*network: object) -> dict[str, float]:
        measured.append(network)
        return {"fp32": 1.0, "bf16": 0.1}

    monkeypatch.setattr(precision, "measure_step", measure)
    file = home() / "machine.json"
    file.write_bytes(content)
    for _ in range(2):
        assert resolve_precision("auto", "cpu", 1, [NETWORK]) == "bf16"
    assert len(measured) == 1
    [key] = json.loads(file.read_text())
    file.write_text(json.dumps({key: {"precision": ["bf16"]}}))
    assert resolve_precision("auto", "cpu", 1, [NETWORK]) == "bf16" and len(measured) == 2


@pytest.mark.parametrize("content", [b"", b"[]", b"[" * 100_000, b'{"device": "cpu"}'])
def test_a_damaged_measurement_of_costs_is_as_good_as_none(content: bytes) -> None:
    key = ProfileKey(*NETWORK, "cpu", "fp32", 1)
    key.file.parent.mkdir(parents=True)
    key.file.write_bytes(content)
    assert CostProfile.load(key) is None
