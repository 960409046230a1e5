"""A lab of one's own for each test; nothing runs beside the tests' process."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
import streamlit as st

from tests.trained import TrainedBefore
from tests.ui.lab import Lab
from tl_core.execution.local import LocalExecutor
from ui.shared.cleanup import cleanup
from ui.shared.state import executor


@pytest.fixture
def lab(
    own_home: Path, photos: Path, trained_before: TrainedBefore, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Lab]:
    monkeypatch.setattr(LocalExecutor, "ensure_supervisor", lambda self: None)
    monkeypatch.setenv("TL_PREDICT_FIRST", "0")
    _begin_anew()
    lab = Lab(photos, trained_before)
    yield lab
    lab.store.close()
    _begin_anew()


def _begin_anew() -> None:
    """Let go of what the process has one of, and of what it remembers."""
    executor.forget()
    if (running := cleanup.forget()) is not None:
        running.stop()
    st.cache_data.clear()
