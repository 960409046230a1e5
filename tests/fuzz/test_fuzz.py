"""Each property on a few inputs, the same ones every time: a taste of ``benchmarks/fuzz.py``."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.fuzz.properties import PROPERTIES


@pytest.mark.parametrize("name", PROPERTIES)
def test_it_holds_whatever_comes_in(name: str, tmp_path: Path) -> None:
    one = PROPERTIES[name]
    one.test(tmp_path / "fuzz", seed=None, count=one.share)
